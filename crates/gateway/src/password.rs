//! Passwords are kept as argon2id hashes in PHC form and never written anywhere else.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use danbao_node::{Entropy, Fault};

/// What one hash may cost. Stored in each hash, so it can be raised at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PasswordCost {
    /// For people: 7 MiB and five passes, as strong as the 19 MiB and two that are usual, because memory that a hash has used
    /// stays with the process for a while.
    pub const STANDARD: PasswordCost = PasswordCost { memory_kib: 7 * 1024, passes: 5 };
    /// For simulated people, whose passwords protect nothing.
    pub const SIMULATED: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`Fault::Invariant`] if the cost is out of argon2's range.
    pub fn hash(self, password: &str, entropy: &mut Entropy) -> Result<String, Fault> {
        let broken = |error: &dyn std::fmt::Display| Fault::invariant(format!("password hash: {error}"));
        let params = Params::new(self.memory_kib, self.passes, 1, None).map_err(|error| broken(&error))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt: [u8; 16] = entropy.bytes();
        let hash: argon2::password_hash::phc::PasswordHash =
            argon.hash_password_with_salt(password.as_bytes(), &salt).map_err(|error| broken(&error))?;
        Ok(hash.to_string())
    }
}

/// Whether the password is the one of the hash. A hash that cannot be read matches nothing.
pub fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
        let mut entropy = Entropy::new([7; 32]);
        let hash = PasswordCost::SIMULATED.hash("正确 horse", &mut entropy).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(matches("正确 horse", &hash));
        assert!(!matches("正确 horsf", &hash));
        assert!(!matches("", &hash));
        assert!(!matches("正确 horse", "not a hash"));
        assert_ne!(hash, PasswordCost::SIMULATED.hash("正确 horse", &mut entropy).unwrap(), "salted");
    }
}
