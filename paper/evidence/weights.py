"""A client solves for the weights of a convolution in what came back without re-randomisation.

It sent 25 ciphertexts, so knows their c_1 = a_i, and reads round((sum w_i a_i mod Q) / p) mod q0 off the answer, Q = p q0: rescaled by one
prime. A few coefficients are enough: (w, errors below p / 2) is the shortest vector of a lattice of dimension 46.
"""

import random

from fpylll import LLL, IntegerMatrix

WEIGHTS = 25
EQUATIONS = 20
P = 2**24 - 3
Q0 = 2**47 - 115
Q = P * Q0
BOUND = 2**23

random.seed(1)
weights = [random.randint(-(2**24), 2**24) for _ in range(WEIGHTS)]
sent = [[random.randrange(Q) for _ in range(WEIGHTS)] for _ in range(EQUATIONS)]
answers = [(sum(w * a for w, a in zip(weights, row)) % Q + P // 2) // P % Q0 for row in sent]

lattice = IntegerMatrix(EQUATIONS + WEIGHTS + 1, EQUATIONS + WEIGHTS + 1)
for j, (row, answer) in enumerate(zip(sent, answers)):
    lattice[j, j] = Q
    for i, a in enumerate(row):
        lattice[EQUATIONS + i, j] = a
    lattice[EQUATIONS + WEIGHTS, j] = -P * answer % Q
for i in range(WEIGHTS):
    lattice[EQUATIONS + i, EQUATIONS + i] = 1
lattice[EQUATIONS + WEIGHTS, EQUATIONS + WEIGHTS] = BOUND
LLL.reduction(lattice)

recovered = 0
for vector in lattice:
    if abs(vector[EQUATIONS + WEIGHTS]) == BOUND:
        sign = vector[EQUATIONS + WEIGHTS] // BOUND
        found = [sign * vector[EQUATIONS + i] for i in range(WEIGHTS)]
        recovered = max(recovered, sum(w == f for w, f in zip(weights, found)))
print(rf"\defineevidence{{weights-recovered}}{{{recovered}}}")
