//! Refuses RSA keys that are too weak to sign with.

/// Lengths in bits: the shortest by NIST SP 800-131A, the longest that aws-lc verifies with.
const SHORTEST: usize = 2048;
const LONGEST: usize = 8192;

/// The primes that betray keys of a faulty generator (CVE-2017-15361, "ROCA"): modulo each of them, such a modulus is a
/// power of 65537.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137,
    139, 149, 151, 157, 163, 167,
];

/// Refuses an unsafe modulus or exponent. Both are big-endian, without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), &'static str> {
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !(SHORTEST..=LONGEST).contains(&bits) {
        return Err("an RSA key has between 2048 and 8192 bits");
    }
    if modulus.first() == Some(&0) || modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err("not an RSA modulus");
    }
    // 65537 or a greater odd number (FIPS 186-5, A.1.1). Nobody verifies with more than 4 bytes.
    let value = exponent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if exponent.len() > 4 || exponent.first() == Some(&0) || value < 65_537 || value % 2 == 0 {
        return Err("an RSA exponent is odd, at least 65537, and at most 4 bytes long");
    }
    if PRIMES.iter().all(|prime| is_power(remainder(modulus, *prime), *prime)) {
        return Err("an RSA key of a generator whose keys can be broken (CVE-2017-15361); make another");
    }
    Ok(())
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % prime)
}

fn is_power(value: u32, prime: u32) -> bool {
    let base = 65_537 % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power * base % prime;
    }
    false
}
