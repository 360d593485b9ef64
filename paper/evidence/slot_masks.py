"""Does a mask in CKKS slots wrap? As in MP2ML: masks uniform in an interval of length q0, reduction modulo q0 in coefficients."""

import numpy as np

N = 8192
Q0 = 2.0**47
SCALE = 2.0**24
LARGEST = 8.0
TRIALS = 100


def coefficients(slots):
    """The real polynomial with these values at exp(i pi (2j + 1) / N), j < N / 2, and their conjugates at the other roots."""
    values = np.concatenate([slots, np.conj(slots[::-1])])
    return (np.fft.fft(values) / N * np.exp(-1j * np.pi * np.arange(N) / N)).real


def slots(coefficients):
    return (np.fft.ifft(coefficients * np.exp(1j * np.pi * np.arange(N) / N)) * N)[: N // 2]


def wraps(lowest, rng):
    """Coefficients that wrap; fails unless every slot is the unreduced difference, up to one common multiple of q0."""
    values = rng.uniform(-LARGEST, LARGEST, N // 2) * SCALE
    difference = values - rng.uniform(lowest, lowest + Q0, N // 2)
    encoded = coefficients(difference)
    times = np.rint(encoded / Q0)
    multiple = (difference - slots(encoded - times * Q0).real) / Q0
    assert np.abs(multiple - np.rint(multiple[0])).max() < 1e-12
    return np.count_nonzero(times)


rng = np.random.default_rng(1)
for name, lowest in (("centred", -Q0 / 2), ("positive", 0.0)):
    most = max(wraps(lowest, rng) for _ in range(TRIALS))
    print(rf"\defineevidence{{slots-wrapped-{name}}}{{{most}}}")
