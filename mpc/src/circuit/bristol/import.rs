//! Reading a circuit.

use super::{Format, Imported, MAX_INPUT_BITS, Owner};
use crate::Error;
use crate::circuit::{Builder, Wire};

impl Imported {
    /// Reads a circuit in either format; `owners` says for every input value in turn whose it is.
    ///
    /// Memory is linear in the length of `text`.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line.
    pub fn parse(text: &str, owners: &[Owner]) -> Result<Self, Error> {
        let lines: Vec<Line<'_>> = text
            .lines()
            .enumerate()
            .map(|(i, text)| Line {
                number: i + 1,
                text,
            })
            .filter(|line| !line.text.trim().is_empty())
            .collect();
        let (header, gates) = Header::read(&lines, text.len())?;
        if owners.len() != header.inputs.len() {
            let (values, named) = (header.inputs.len(), owners.len());
            return Err(Error::Malformed {
                what: "Bristol circuit".into(),
                detail: format!("{values} input values, but owners of {named}"),
            });
        }
        let mut wires = Wires::new(header.wires);
        for (&bits, owner) in header.inputs.iter().zip(owners) {
            for _ in 0..bits {
                let wire = match owner {
                    Owner::Evaluator => wires.builder.input(),
                    Owner::Garbler => {
                        let known = wires.builder.known();
                        wires.builder.known_wire(known)
                    }
                };
                wires.values.push(Some(wire));
            }
        }
        wires.values.resize(header.wires, None);
        if gates.len() != header.gates {
            let line = gates.last().or(lines.last());
            let number = line.map_or(1, |line| line.number);
            let (found, announced) = (gates.len(), header.gates);
            return Err(malformed(
                number,
                format!("{found} gates at the end of the file, the header says {announced}"),
            ));
        }
        for line in gates {
            wires.gate(*line)?;
        }
        let outputs: usize = header.outputs.iter().sum();
        let first = header.wires - outputs;
        let last_line = lines.last().map_or(1, |line| line.number);
        let outputs = (first..header.wires)
            .map(|wire| wires.read(last_line, wire))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            template: wires.builder.build(&outputs)?,
            inputs: header.inputs,
            outputs: header.outputs,
            format: header.format,
        })
    }
}

fn malformed(line: usize, detail: String) -> Error {
    Error::Malformed {
        what: format!("Bristol circuit, line {line}"),
        detail,
    }
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn error(self, detail: impl Into<String>) -> Error {
        malformed(self.number, detail.into())
    }

    fn number_in(self, token: &str) -> Result<usize, Error> {
        token
            .parse()
            .map_err(|_| self.error(format!("{} is no number", shown(token))))
    }

    /// All tokens, as numbers.
    fn numbers(self) -> Result<Vec<usize>, Error> {
        let tokens = self.text.split_whitespace();
        tokens.map(|token| self.number_in(token)).collect()
    }

    /// A count and as many lengths.
    fn lengths(self, what: &str) -> Result<Vec<usize>, Error> {
        let mut numbers = self.numbers()?.into_iter();
        let count = numbers.next().unwrap_or(0);
        let lengths: Vec<usize> = numbers.collect();
        if lengths.len() != count {
            let found = lengths.len();
            return Err(self.error(format!("{found} lengths for {count} {what} values")));
        }
        Ok(lengths)
    }

    fn is_gate(self) -> bool {
        let name = self.text.split_whitespace().next_back();
        name.is_some_and(|name| name.parse::<usize>().is_err())
    }
}

/// A token for a message: quoted, and cut off where it is long.
fn shown(token: &str) -> String {
    let mut cut: String = token.chars().take(20).collect();
    if cut.len() < token.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

struct Header {
    format: Format,
    gates: usize,
    wires: usize,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

impl Header {
    /// Reads the header and returns the lines of gates.
    fn read<'a, 'b>(
        lines: &'b [Line<'a>],
        text_bytes: usize,
    ) -> Result<(Self, &'b [Line<'a>]), Error> {
        let end = lines.last().map_or(1, |line| line.number);
        let [counts, second, rest @ ..] = lines else {
            return Err(malformed(end, "the header is incomplete".into()));
        };
        let [gates, wires] = counts.numbers()?[..] else {
            return Err(counts.error("expected the numbers of gates and of wires"));
        };
        let (format, inputs, outputs, last, rest) = match rest {
            [third, rest @ ..] if !third.is_gate() => {
                let (inputs, outputs) = (second.lengths("input")?, third.lengths("output")?);
                (Format::Fashion, inputs, outputs, third, rest)
            }
            _ => {
                let [first, other, output] = second.numbers()?[..] else {
                    return Err(second.error(
                        "expected the lengths of two inputs and an output (or a third line of numbers)",
                    ));
                };
                (Format::Old, vec![first, other], vec![output], second, rest)
            }
        };
        let sum = |lengths: &[usize]| lengths.iter().try_fold(0usize, |s, l| s.checked_add(*l));
        let input_bits = sum(&inputs)
            .filter(|&bits| bits <= MAX_INPUT_BITS)
            .ok_or_else(|| second.error(format!("more than {MAX_INPUT_BITS} input bits")))?;
        // A wire is an input, or assigned by a gate, which takes at least two characters for its number.
        if wires > input_bits.saturating_add(text_bytes / 2) {
            return Err(counts.error(format!("{wires} wires cannot all be assigned in this file")));
        }
        if wires < input_bits {
            return Err(counts.error(format!(
                "{wires} wires are fewer than {input_bits} input bits"
            )));
        }
        if sum(&outputs).is_none_or(|bits| bits > wires) {
            return Err(last.error(format!("more output bits than {wires} wires")));
        }
        let header = Self {
            format,
            gates,
            wires,
            inputs,
            outputs,
        };
        Ok((header, rest))
    }
}

/// The file's wires as they are assigned.
struct Wires {
    builder: Builder,
    values: Vec<Option<Wire>>,
}

impl Wires {
    fn new(wires: usize) -> Self {
        Self {
            builder: Builder::new(),
            values: Vec::with_capacity(wires),
        }
    }

    fn read(&self, line: usize, wire: usize) -> Result<Wire, Error> {
        match self.values.get(wire) {
            Some(Some(wire)) => Ok(*wire),
            Some(None) => Err(malformed(line, format!("wire {wire} is not assigned"))),
            None => {
                let wires = self.values.len();
                Err(malformed(line, format!("wire {wire} of only {wires}")))
            }
        }
    }

    fn write(&mut self, line: Line<'_>, wire: usize, value: Wire) -> Result<(), Error> {
        let wires = self.values.len();
        match self.values.get_mut(wire) {
            Some(slot @ None) => {
                *slot = Some(value);
                Ok(())
            }
            Some(Some(_)) => Err(line.error(format!("wire {wire} is assigned twice"))),
            None => Err(line.error(format!("wire {wire} of only {wires}"))),
        }
    }

    fn gate(&mut self, line: Line<'_>) -> Result<(), Error> {
        let tokens: Vec<&str> = line.text.split_whitespace().collect();
        let [fan_in, fan_out, wires @ .., name] = &tokens[..] else {
            return Err(line.error("a gate needs counts, wires and a name"));
        };
        let (fan_in, fan_out) = (line.number_in(fan_in)?, line.number_in(fan_out)?);
        let wires: Vec<usize> = wires
            .iter()
            .map(|token| line.number_in(token))
            .collect::<Result<_, _>>()?;
        let counts = || format!("{} with {fan_in} inputs, {fan_out} outputs", shown(name));
        if fan_in.checked_add(fan_out) != Some(wires.len()) {
            let found = wires.len();
            return Err(line.error(format!("{} but {found} wires", counts())));
        }
        let read = |wire: usize| self.read(line.number, wire);
        match (*name, &wires[..]) {
            ("XOR", &[a, b, out]) if fan_in == 2 => {
                let (a, b) = (read(a)?, read(b)?);
                let value = self.builder.xor(a, b);
                self.write(line, out, value)
            }
            ("AND", &[a, b, out]) if fan_in == 2 => {
                let (a, b) = (read(a)?, read(b)?);
                let value = self.builder.and(a, b);
                self.write(line, out, value)
            }
            ("INV", &[a, out]) if fan_in == 1 => {
                let a = read(a)?;
                let value = self.builder.not(a);
                self.write(line, out, value)
            }
            ("EQW", &[a, out]) if fan_in == 1 => {
                let a = read(a)?;
                self.write(line, out, a)
            }
            ("EQ", &[constant @ (0 | 1), out]) if fan_in == 1 => {
                let value = self.builder.constant(constant == 1);
                self.write(line, out, value)
            }
            ("EQ", &[constant, _]) if fan_in == 1 => {
                Err(line.error(format!("EQ with {constant}, expected 0 or 1")))
            }
            ("MAND", wires) if fan_out > 0 && Some(fan_in) == fan_out.checked_mul(2) => {
                let (a, rest) = wires.split_at(fan_out);
                let (b, out) = rest.split_at(fan_out);
                let mut values = Vec::with_capacity(fan_out);
                for (&a, &b) in a.iter().zip(b) {
                    values.push((self.read(line.number, a)?, self.read(line.number, b)?));
                }
                for (&out, (a, b)) in out.iter().zip(values) {
                    let value = self.builder.and(a, b);
                    self.write(line, out, value)?;
                }
                Ok(())
            }
            ("XOR" | "AND" | "INV" | "EQW" | "EQ" | "MAND", _) => Err(line.error(counts())),
            _ => Err(line.error(format!("unknown gate {}", shown(name)))),
        }
    }
}
