//! One suite of behaviours, three databases.

use danbao_store::conformance::BEHAVIOURS;
use danbao_store::testing::Database;
use danbao_store::{Error, sqlite};

#[test]
fn sqlite_in_memory_behaves() -> Result<(), Error> {
    for behaviour in BEHAVIOURS.iter().filter(|behaviour| behaviour.connections == 1) {
        eprintln!("in memory: {}", behaviour.name);
        (behaviour.check)(&mut || sqlite::memory())?;
    }
    Ok(())
}

#[test]
fn sqlite_in_a_file_behaves() -> Result<(), Error> {
    for behaviour in BEHAVIOURS {
        eprintln!("in a file: {}", behaviour.name);
        let database = Database::sqlite()?;
        (behaviour.check)(&mut || database.connect())?;
    }
    Ok(())
}

#[test]
fn postgres_behaves() -> Result<(), Error> {
    for behaviour in BEHAVIOURS {
        let Some(database) = Database::postgres()? else { return Ok(()) };
        eprintln!("on PostgreSQL: {}", behaviour.name);
        (behaviour.check)(&mut || database.connect())?;
    }
    Ok(())
}
