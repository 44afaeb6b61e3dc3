//! What the command line offers. Only this module prints.
