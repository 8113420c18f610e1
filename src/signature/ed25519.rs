//! Ed25519 (RFC 8032) over messages that come in pieces.
//!
//! A firmware image is longer than the memory that is free for it, so the message is hashed
//! as it streams by; libraries want it whole. The arithmetic is the plain one: sixteen limbs
//! of 16 bits, one formula that adds any two points, a ladder whose steps do not depend on the
//! secret. A signature takes some milliseconds, which nobody notices beside the hashing.

use sha2::{Digest, Sha512};

/// A number modulo 2^255 - 19, in limbs of 16 bits that may be out of range until [`pack`].
type Field = [i64; 16];
/// A point in extended coordinates: X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z.
type Point = [Field; 4];
/// A number below [`ORDER`], least significant word first.
type Scalar = [u32; 8];

const ZERO: Field = [0; 16];
const ONE: Field = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// The point that changes nothing when it is added.
const NOTHING: Point = [ZERO, ONE, ONE, ZERO];
/// d of the curve: -121665/121666.
const D: Field = [
    0x78a3, 0x1359, 0x4dca, 0x75eb, 0xd8ab, 0x4141, 0x0a4d, 0x0070, 0xe898, 0x7779, 0x4079, 0x8cc7,
    0xfe73, 0x2b6f, 0x6cee, 0x5203,
];
/// The square root of -1.
const ROOT: Field = [
    0xa0b0, 0x4a0e, 0x1b27, 0xc4ee, 0xe478, 0xad2f, 0x1806, 0x2f43, 0xd7a7, 0x3dfb, 0x0099, 0x2b4d,
    0xdf0b, 0x4fc1, 0x2480, 0x2b83,
];
/// The base point as it is written: y = 4/5.
const BASE: [u8; 32] = {
    let mut base = [0x66; 32];
    base[0] = 0x58;
    base
};
/// The order of the base point, 2^252 and a bit.
const ORDER: Scalar = [
    0x5cf5_d3ed,
    0x5812_631a,
    0xa2f7_9cd6,
    0x14de_f9de,
    0,
    0,
    0,
    0x1000_0000,
];

/// Checks a signature while the message streams by.
pub struct Verifier {
    hash: Sha512,
    public: [u8; 32],
    signature: [u8; 64],
}

impl Verifier {
    /// For a message that comes in pieces.
    pub fn new(public: &[u8; 32], signature: &[u8; 64]) -> Verifier {
        let mut hash = Sha512::new();
        hash.update(&signature[..32]);
        hash.update(public);
        Verifier {
            hash,
            public: *public,
            signature: *signature,
        }
    }

    /// The next piece.
    pub fn update(&mut self, message: &[u8]) {
        self.hash.update(message);
    }

    /// Whether the signature is that of the whole message.
    pub fn finish(self) -> bool {
        let (r, s) = self.signature.split_at(32);
        let (Some(point), Some(base)) = (unpack_point(&self.public), unpack_point(&BASE)) else {
            return false;
        };
        let s_words = words(s);
        // Only one of the numbers that mean the same is allowed.
        if reduce(s) != s_words {
            return false;
        }
        let k = reduce(&self.hash.finalize());
        // S times the base point, less k times the key, must be R: both in one go, for nothing
        // of it is secret.
        let [x, y, z, t] = point;
        let less = [subtract(&ZERO, &x), y, z, subtract(&ZERO, &t)];
        let sums = [NOTHING, base, less, add_points(&base, &less)];
        let mut sum = NOTHING;
        for bit in (0..253).rev() {
            let pick = bit_of(&s_words, bit) + 2 * bit_of(&k, bit);
            sum = add_points(&sum, &sum);
            sum = add_points(&sum, &sums[pick as usize]);
        }
        pack_point(&sum) == r
    }
}

/// The public key of a seed.
pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    let (scalar, _) = expand(seed);
    times_base(&scalar)
}

/// Signs a message that `pass` hands out in pieces, twice the same.
///
/// # Errors
/// Those of `pass`.
pub fn sign<E>(
    seed: &[u8; 32],
    mut pass: impl FnMut(&mut dyn FnMut(&[u8])) -> Result<(), E>,
) -> Result<[u8; 64], E> {
    let (scalar, prefix) = expand(seed);
    let public = times_base(&scalar);
    let mut hash = Sha512::new();
    hash.update(prefix);
    pass(&mut |piece| hash.update(piece))?;
    let nonce = reduce(&hash.finalize());
    let r = times_base(&nonce);
    let mut hash = Sha512::new();
    hash.update(r);
    hash.update(public);
    pass(&mut |piece| hash.update(piece))?;
    let k = reduce(&hash.finalize());
    let s = multiply_add(&k, &scalar, &nonce);
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    for (to, word) in signature[32..].chunks_exact_mut(4).zip(s) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    Ok(signature)
}

/// The secret number of a seed, and what makes its nonces.
fn expand(seed: &[u8; 32]) -> (Scalar, [u8; 32]) {
    let mut hash: [u8; 64] = Sha512::digest(seed).into();
    hash[0] &= 248;
    hash[31] = hash[31] & 127 | 64;
    let mut prefix = [0; 32];
    prefix.copy_from_slice(&hash[32..]);
    (words(&hash[..32]), prefix)
}

fn words(bytes: &[u8]) -> Scalar {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// A little-endian number modulo the order.
fn reduce(bytes: &[u8]) -> Scalar {
    let mut rest: Scalar = [0; 8];
    for &byte in bytes.iter().rev() {
        for bit in (0..8).rev() {
            let mut carry = u32::from(byte >> bit & 1);
            for word in &mut rest {
                (*word, carry) = (*word << 1 | carry, *word >> 31);
            }
            let mut less = [0; 8];
            let mut borrow = 0;
            for ((less, word), order) in less.iter_mut().zip(rest).zip(ORDER) {
                let difference = i64::from(word) - i64::from(order) + borrow;
                (*less, borrow) = (difference as u32, difference >> 32);
            }
            // All ones where the order was too large to be taken off.
            let keep = borrow as u32;
            for (word, less) in rest.iter_mut().zip(less) {
                *word = *word & keep | less & !keep;
            }
        }
    }
    rest
}

/// a * b + c modulo the order.
fn multiply_add(a: &Scalar, b: &Scalar, c: &Scalar) -> Scalar {
    let mut product = [0_u32; 16];
    product[..8].copy_from_slice(c);
    for (at, &a) in a.iter().enumerate() {
        let mut carry = 0;
        for (word, &b) in product[at..].iter_mut().zip(b) {
            let sum = u64::from(a) * u64::from(b) + u64::from(*word) + carry;
            (*word, carry) = (sum as u32, sum >> 32);
        }
        for word in &mut product[at + 8..] {
            let sum = u64::from(*word) + carry;
            (*word, carry) = (sum as u32, sum >> 32);
        }
    }
    let mut bytes = [0; 64];
    for (to, word) in bytes.chunks_exact_mut(4).zip(product) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    reduce(&bytes)
}

fn times_base(scalar: &Scalar) -> [u8; 32] {
    match unpack_point(&BASE) {
        Some(base) => pack_point(&multiply(&base, scalar)),
        None => [0; 32],
    }
}

fn bit_of(scalar: &Scalar, bit: usize) -> u32 {
    scalar[bit / 32] >> (bit % 32) & 1
}

fn multiply(point: &Point, scalar: &Scalar) -> Point {
    let mut sum = NOTHING;
    for bit in (0..256).rev() {
        sum = add_points(&sum, &sum);
        let with = add_points(&sum, point);
        let wanted = -i64::from(bit_of(scalar, bit));
        for (to, from) in sum.iter_mut().flatten().zip(with.iter().flatten()) {
            *to ^= wanted & (*to ^ from);
        }
    }
    sum
}

/// The sum of any two points, also of one with itself.
fn add_points(p: &Point, q: &Point) -> Point {
    let a = times(&subtract(&p[1], &p[0]), &subtract(&q[1], &q[0]));
    let b = times(&add(&p[0], &p[1]), &add(&q[0], &q[1]));
    let c = times(&times(&p[3], &q[3]), &add(&D, &D));
    let d = times(&p[2], &q[2]);
    let d = add(&d, &d);
    let (e, f, g, h) = (subtract(&b, &a), subtract(&d, &c), add(&d, &c), add(&b, &a));
    [times(&e, &f), times(&h, &g), times(&g, &f), times(&e, &h)]
}

fn pack_point(point: &Point) -> [u8; 32] {
    let z = inverse(&point[2]);
    let mut bytes = pack(&times(&point[1], &z));
    bytes[31] ^= (pack(&times(&point[0], &z))[0] & 1) << 7;
    bytes
}

/// The point whose y is written here; None where the curve has none.
fn unpack_point(bytes: &[u8; 32]) -> Option<Point> {
    let mut y = ZERO;
    for (limb, pair) in y.iter_mut().zip(bytes.as_chunks().0) {
        *limb = i64::from(u16::from_le_bytes(*pair));
    }
    y[15] &= 0x7fff;
    // x^2 = (y^2 - 1) / (d y^2 + 1)
    let square = times(&y, &y);
    let (u, v) = (subtract(&square, &ONE), add(&times(&square, &D), &ONE));
    let v3 = times(&times(&v, &v), &v);
    let v7 = times(&times(&v3, &v3), &v);
    // The power (p - 5) / 8 of u v^7 is all ones but for a bit.
    let root = power(&times(&u, &v7), 252, 1);
    let mut x = times(&times(&u, &v3), &root);
    let same = |x: &Field| pack(&times(&times(x, x), &v)) == pack(&u);
    if !same(&x) {
        x = times(&x, &ROOT);
    }
    let sign = bytes[31] >> 7;
    let odd = pack(&x)[0] & 1;
    if !same(&x) || (sign == 1 && pack(&x) == [0; 32]) {
        return None;
    }
    if odd != sign {
        x = subtract(&ZERO, &x);
    }
    Some([x, y, ONE, times(&x, &y)])
}

fn add(a: &Field, b: &Field) -> Field {
    std::array::from_fn(|at| a[at] + b[at])
}

fn subtract(a: &Field, b: &Field) -> Field {
    std::array::from_fn(|at| a[at] - b[at])
}

fn times(a: &Field, b: &Field) -> Field {
    let mut product = [0; 31];
    for (at, &a) in a.iter().enumerate() {
        for (to, &b) in product[at..].iter_mut().zip(b) {
            *to += a * b;
        }
    }
    // 2^256 is 38.
    let mut result =
        std::array::from_fn(|at| product[at] + 38 * product.get(at + 16).unwrap_or(&0));
    carry(&mut result);
    carry(&mut result);
    result
}

/// Brings the limbs near their range.
fn carry(field: &mut Field) {
    for at in 0..16 {
        let over = field[at] >> 16;
        field[at] -= over << 16;
        match field.get_mut(at + 1) {
            Some(next) => *next += over,
            None => field[0] += 38 * over,
        }
    }
}

/// The power whose `bits` bits are ones, but for the one with the number `zero`.
fn power(base: &Field, bits: u32, zero: u32) -> Field {
    let mut result = ONE;
    for bit in (0..bits).rev() {
        result = times(&result, &result);
        if bit != zero {
            result = times(&result, base);
        }
    }
    result
}

/// The power p - 2 = 2^255 - 21.
fn inverse(field: &Field) -> Field {
    // 2^255 - 21 is 250 ones and 01011.
    let high = power(field, 250, u32::MAX);
    [0, 1, 0, 1, 1].iter().fold(high, |result, &bit| {
        let square = times(&result, &result);
        if bit == 1 {
            times(&square, field)
        } else {
            square
        }
    })
}

/// The one number below 2^255 - 19, little-endian.
fn pack(field: &Field) -> [u8; 32] {
    let mut field = *field;
    for _ in 0..3 {
        carry(&mut field);
    }
    for _ in 0..2 {
        // Less p; kept where that is not negative.
        let mut less = field;
        less[0] -= 0xffed;
        for at in 1..16 {
            less[at] -= if at == 15 { 0x7fff } else { 0xffff };
            less[at] -= less[at - 1] >> 16 & 1;
            less[at - 1] &= 0xffff;
        }
        let negative = -(less[15] >> 16 & 1);
        for (limb, less) in field.iter_mut().zip(less) {
            *limb = *limb & negative | less & !negative;
        }
    }
    let mut bytes = [0; 32];
    for (pair, limb) in bytes.as_chunks_mut().0.iter_mut().zip(field) {
        *pair = (limb as u16).to_le_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    fn verify(public: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
        let mut verifier = Verifier::new(public, signature);
        message.chunks(7).for_each(|piece| verifier.update(piece));
        verifier.finish()
    }

    /// Section 7.1 of RFC 8032: seed, public key, message, signature.
    const VECTORS: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];

    #[test]
    fn the_vectors_of_the_standard_hold_both_ways() {
        for [seed, public, message, signature] in VECTORS {
            let message: Vec<u8> = (0..message.len() / 2)
                .map(|at| u8::from_str_radix(&message[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            let (seed, public, signature) = (bytes(seed), bytes(public), bytes(signature));
            assert_eq!(public_key(&seed), public);
            let pass = |take: &mut dyn FnMut(&[u8])| {
                take(&message);
                Ok::<(), ()>(())
            };
            assert_eq!(sign(&seed, pass), Ok(signature));
            assert!(verify(&public, &signature, &message));
        }
    }

    #[test]
    fn a_changed_bit_anywhere_fails() {
        let [_, public, _, signature] = VECTORS[1];
        let (public, signature) = (bytes(public), bytes(signature));
        assert!(!verify(&public, &signature, b"s"));
        for at in [0, 10, 31, 32, 50, 63] {
            let mut wrong: [u8; 64] = signature;
            wrong[at] ^= 0x10;
            assert!(!verify(&public, &wrong, b"r"), "{at}");
        }
        for at in 0..32 {
            let mut wrong: [u8; 32] = public;
            wrong[at] ^= 1;
            assert!(!verify(&wrong, &signature, b"r"), "{at}");
        }
    }

    #[test]
    fn a_second_spelling_of_a_signature_is_refused() {
        let [_, public, _, signature] = VECTORS[1];
        let (public, mut signature): ([u8; 32], [u8; 64]) = (bytes(public), bytes(signature));
        // S and the order: the same number, modulo the order.
        let mut carry = 0;
        for (to, word) in signature[32..].chunks_exact_mut(4).zip(ORDER) {
            let sum =
                u64::from(u32::from_le_bytes(to.try_into().unwrap())) + u64::from(word) + carry;
            to.copy_from_slice(&(sum as u32).to_le_bytes());
            carry = sum >> 32;
        }
        assert!(!verify(&public, &signature, b"r"));
    }
}
