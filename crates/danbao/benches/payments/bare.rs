//! The limit to compare with: rusqlite alone, prepared statements, the same rows, `synchronous=FULL`.

use std::time::{Duration, Instant};

use danbao_store::Value;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use super::recorded::Recorded;

/// Payments per second in transactions of `group` payments: the median of several rounds, since one is short.
pub(crate) fn rate(recorded: &Recorded, group: usize, measure: Duration) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round(recorded, group, measure / ROUNDS)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

const ROUNDS: u32 = 5;

fn round(recorded: &Recorded, group: usize, measure: Duration) -> f64 {
    let path = recorded.start.with_extension(format!("bare-{group}"));
    for file in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{file}", path.display()));
    }
    std::fs::copy(&recorded.start, &path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;")
        .unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    let purchases: Vec<Vec<(String, Vec<Sql>)>> = recorded
        .purchases
        .iter()
        .map(|purchase| purchase.iter().map(|(sql, values)| (sql.replace('$', "?"), owned(values))).collect())
        .collect();
    let started = Instant::now();
    let mut done = 0;
    for transaction in purchases.chunks(group) {
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (sql, values) in transaction.iter().flatten() {
            let mut statement = conn.prepare_cached(sql).unwrap();
            let mut rows = statement.query(params_from_iter(values)).unwrap();
            while rows.next().unwrap().is_some() {}
        }
        conn.execute_batch("COMMIT").unwrap();
        done += transaction.len();
        if started.elapsed() > measure {
            break;
        }
    }
    done as f64 / started.elapsed().as_secs_f64()
}

fn owned(values: &[Value]) -> Vec<Sql> {
    let own = |value: &Value| match value {
        Value::Null => Sql::Null,
        Value::Int(int) => Sql::Integer(*int),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(bytes) => Sql::Blob(bytes.clone()),
    };
    values.iter().map(own).collect()
}
