//! The codes of `defaultbank` (protocol.md §3.8). Names of banks are the pages' business.

/// Every code that a request may name.
pub const CODES: &[&str] = &[
    "BOCB2C",
    "ICBCB2C",
    "ICBCBTB",
    "CMB",
    "CCB",
    "CCBBTB",
    "ABC",
    "ABCBTB",
    "SPDB",
    "SPDBB2B",
    "CIB",
    "GDB",
    "SDB",
    "BOCBTB",
    "CMBBTB",
    "CMB-DEBIT",
    "CCB-DEBIT",
    "ICBC-DEBIT",
    "COMM-DEBIT",
    "GDB-DEBIT",
    "BOC-DEBIT",
    "CEB-DEBIT",
    "SPDB-DEBIT",
    "CITIC",
    "CEBBANK",
    "NBBANK",
    "HZCBB2C",
    "SHBANK",
    "SPABANK",
    "BJRCB",
    "fdb101",
    "PSBC-DEBIT",
    "POSTGC",
    "BJBANK",
    "COMM",
    "CMBC",
    "SHRCB",
    "WZCBB2C-DEBIT",
    "abc1003",
    "abc1004",
];

/// Whether a request may name this bank.
pub fn is_known(code: &str) -> bool {
    CODES.contains(&code)
}
