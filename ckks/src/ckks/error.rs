//! What the scheme refuses. Every message names the operation, the levels and the remedy.

/// An error of the CKKS scheme.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rung below refused.
    #[error(transparent)]
    Ring(#[from] crate::Error),

    /// Bytes are no object of these parameters.
    #[error(transparent)]
    Format(#[from] super::FormatError),

    /// No prime of the chain is left for the operation.
    #[error(
        "{operation}: needs {needed} levels, {left} are left: take parameters with more data primes, or multiply less deep"
    )]
    OutOfLevels {
        /// The operation.
        operation: &'static str,
        /// Levels it needs.
        needed: usize,
        /// Levels there are.
        left: usize,
    },

    /// Operands of an addition have different scales.
    #[error(
        "{operation}: scales 2^{left:.4} and 2^{right:.4} differ ({level} levels left): rescale both \
         alike, adjust_scale one of them, or encode the plaintext at the ciphertext's scale"
    )]
    ScaleMismatch {
        /// The operation.
        operation: &'static str,
        /// log2 of the left scale.
        left: f64,
        /// log2 of the right scale.
        right: f64,
        /// The level where the operands meet.
        level: usize,
    },

    /// Operands of different contexts.
    #[error("{operation}: operands belong to different parameters")]
    ContextMismatch {
        /// The operation.
        operation: &'static str,
    },

    /// A product's scale would fill the modulus.
    #[error(
        "{operation}: the product's scale 2^{log2_scale:.1} does not fit below the modulus \
         2^{log2_modulus:.1} of level {level}: rescale an operand first, or encode at a smaller scale"
    )]
    ScaleOverflow {
        /// The operation.
        operation: &'static str,
        /// log2 of the product's scale.
        log2_scale: f64,
        /// log2 of Q_l.
        log2_modulus: f64,
        /// The level l.
        level: usize,
    },

    /// A rescale would leave a scale below one.
    #[error(
        "{operation}: dividing the scale 2^{log2_scale:.1} by the prime 2^{log2_prime:.1} of level \
         {level} leaves no precision: multiply first, or drop_to_level without rescaling"
    )]
    ScaleUnderflow {
        /// The operation.
        operation: &'static str,
        /// log2 of the scale.
        log2_scale: f64,
        /// log2 of the prime.
        log2_prime: f64,
        /// The level before the operation.
        level: usize,
    },

    /// One level does not bring a scale to another.
    #[error(
        "{operation}: from scale 2^{from:.1} one prime of 2^{log2_prime:.1} does not reach 2^{to:.1} \
         within one part in 2^20 ({level} levels left): adjust before multiplying, while the scale is small"
    )]
    ScaleReach {
        /// The operation.
        operation: &'static str,
        /// log2 of the scale there is.
        from: f64,
        /// log2 of the scale asked for.
        to: f64,
        /// log2 of the prime.
        log2_prime: f64,
        /// The level before the operation.
        level: usize,
    },

    /// A ciphertext has a component too many or too few.
    #[error(
        "{operation}: takes ciphertexts of power {expected}, this one has {power} ({level} levels left): \
         relinearize products first"
    )]
    Power {
        /// The operation.
        operation: &'static str,
        /// The power it takes.
        expected: usize,
        /// The power of the ciphertext.
        power: usize,
        /// The ciphertext's level.
        level: usize,
    },

    /// A scalar that is not finite, or does not fit.
    #[error(
        "{operation}: the scalar {value} at scale 2^{log2_scale:.1} does not fit below half the modulus \
         2^{log2_modulus:.1} of level {level}: take a finite scalar and a scale of at least 1, or stay at a higher level"
    )]
    Scalar {
        /// The operation.
        operation: &'static str,
        /// The scalar.
        value: super::Complex64,
        /// log2 of the scale.
        log2_scale: f64,
        /// log2 of Q_l.
        log2_modulus: f64,
        /// The level l.
        level: usize,
    },

    /// More numbers than an element holds.
    #[error(
        "{operation}: {got} values, an element holds {max}: take a larger degree or several elements"
    )]
    TooManyValues {
        /// The operation.
        operation: &'static str,
        /// Values given.
        got: usize,
        /// Values there is room for.
        max: usize,
    },

    /// A sparse encoding of a number of slots that has no subring.
    #[error(
        "{operation}: {got} slots are no power of two of at most {slots}: repeat or pad the values"
    )]
    SparseCount {
        /// The operation.
        operation: &'static str,
        /// Slots asked for.
        got: usize,
        /// N/2.
        slots: usize,
    },

    /// A number that is infinite or none.
    #[error("{operation}: value {index} is not finite")]
    NotFinite {
        /// The operation.
        operation: &'static str,
        /// Where it stands.
        index: usize,
    },

    /// A scale that is no finite number of at least 1.
    #[error("{operation}: scale {scale} is not a finite number of at least 1")]
    BadScale {
        /// The operation.
        operation: &'static str,
        /// The scale.
        scale: f64,
    },

    /// A coefficient does not fit the modulus.
    #[error(
        "{operation}: a coefficient of 2^{coefficient:.2} does not stay below 2^{limit:.2}, half the modulus of level {level}: lower the scale, or encode at a higher level"
    )]
    MessageTooLarge {
        /// The operation.
        operation: &'static str,
        /// The level.
        level: usize,
        /// log2 of the largest coefficient.
        coefficient: f64,
        /// log2 of what there is room for.
        limit: f64,
    },

    /// Two vectors that should be compared differ in length.
    #[error("{operation}: {left} values against {right}")]
    LengthMismatch {
        /// The operation.
        operation: &'static str,
        /// Length of the left one.
        left: usize,
        /// Length of the right one.
        right: usize,
    },

    /// The noise does not allow the precision that was declared.
    #[error(
        "{operation}: errors of up to 2^{error:.2} do not stay below half the declared unit 2^{unit:.2}: declare fewer bits, raise the scale, or flood less"
    )]
    PrecisionNotReached {
        /// The operation.
        operation: &'static str,
        /// log2 of the bound on noise and flooding together.
        error: f64,
        /// log2 of the unit.
        unit: f64,
    },

    /// A declared bound or security level out of range.
    #[error("{operation}: {what} = {value} is not in {min}..={max}")]
    OutOfRange {
        /// The operation.
        operation: &'static str,
        /// The quantity.
        what: &'static str,
        /// What was given.
        value: f64,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },

    /// More primes than any secure parameters have.
    #[error("{count} primes, at most {max} are taken: no security table has room for more")]
    TooManyPrimes {
        /// Data and special primes given.
        count: usize,
        /// The largest number.
        max: usize,
    },

    /// There is no (further) prime of a size for a degree.
    #[error(
        "no further prime of {bits} bits is 1 modulo 2 * {degree}: ask for other sizes (up to 50 bits) or fewer primes"
    )]
    NoPrime {
        /// The size asked for.
        bits: u32,
        /// Ring degree N.
        degree: usize,
    },

    /// The scale leaves no room in the first prime.
    #[error(
        "scale 2^{log2_scale}: must be 2^1 to 2^{largest}, so that a value fits the first data prime at level 0: take a wider first prime or a smaller scale"
    )]
    Scale {
        /// log2 of the scale asked for.
        log2_scale: u32,
        /// log2 of the largest.
        largest: u32,
    },

    /// The special primes are too small to divide a digit's noise away.
    #[error(
        "special primes of {special_bits} bits in all are below digit {digit} of {digit_bits} bits: take wider special primes"
    )]
    SpecialPrimes {
        /// The digit.
        digit: usize,
        /// Bits of its primes' product.
        digit_bits: u64,
        /// Bits of the special primes' product.
        special_bits: u64,
    },

    /// Key switching was asked for, and the parameters have no special primes.
    #[error(
        "relinearisation and rotation keys need special primes: take parameters with at least one"
    )]
    NoSpecialPrimes,

    /// No relinearisation key was made.
    #[error(
        "relinearise: no relinearisation key: build the evaluation keys with .relinearization()"
    )]
    MissingRelinearizationKey,

    /// No key was made for a rotation.
    #[error(
        "rotate by {steps}: no key for these steps: build the evaluation keys with .rotations(&[{steps}])"
    )]
    MissingRotationKey {
        /// The steps, towards lower slots.
        steps: i64,
    },

    /// No conjugation key was made.
    #[error("conjugate: no conjugation key: build the evaluation keys with .conjugation()")]
    MissingConjugationKey,

    /// An inner sum over a number of slots that is no power of two up to N/2.
    #[error("inner sum over {count} slots: must be a power of two of at most {slots}")]
    InnerSum {
        /// Slots asked for.
        count: usize,
        /// N/2.
        slots: usize,
    },

    /// A convolution whose output does not fit the grid of its input.
    #[error(
        "convolution of {height} x {width} with a {kernel} x {kernel} kernel, stride {stride}, padding {padding}: \
         take a stride of at least 1, a kernel no larger than the padded image, and padding below half the kernel"
    )]
    Convolution {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// Rows and columns of a kernel.
        kernel: usize,
        /// Rows and columns from one output to the next.
        stride: usize,
        /// Rows and columns of zeros on each side.
        padding: usize,
    },

    /// A polynomial that cannot be evaluated.
    #[error("polynomial: {reason}")]
    Polynomial {
        /// What is wrong, and what would be right.
        reason: &'static str,
    },

    /// Coefficients of a polynomial in the secret do not form a triangle.
    #[error("powers of the secret: {got} coefficients beside conj(s)^{power}, expected {expected}")]
    Coefficients {
        /// The power of the conjugate.
        power: usize,
        /// Coefficients there must be.
        expected: usize,
        /// Coefficients there are.
        got: usize,
    },

    /// A flooding noise out of range.
    #[error(
        "flood: noise of 2^{bits} does not fit below half the modulus 2^{log2_modulus:.1} of level {level}, or 2^120: flood less"
    )]
    Flood {
        /// log2 of the noise's bound.
        bits: u32,
        /// log2 of Q_l.
        log2_modulus: f64,
        /// The level l.
        level: usize,
    },
}
