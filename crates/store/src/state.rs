//! What a driver remembers about its transaction, so that both databases answer misuse alike.

use crate::error::Error;
use crate::value::Bind;

/// Where a connection stands.
#[derive(Debug, Default)]
pub(crate) struct State {
    open: bool,
    /// Savepoints inside the transaction.
    depth: u32,
    /// A statement has failed since the transaction or the innermost savepoint was opened.
    failed: bool,
    /// Why the connection is of no more use.
    broken: Option<String>,
}

impl State {
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether a statement may run now.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if let Some(why) = &self.broken {
            return Err(Error::Broken(why.clone()));
        }
        if self.failed {
            return Err(Error::Sql(
                "a statement of this transaction has failed: it can only be rolled back".into(),
            ));
        }
        Ok(())
    }

    pub(crate) fn alive(&self) -> Result<(), Error> {
        self.broken.as_ref().map_or(Ok(()), |why| Err(Error::Broken(why.clone())))
    }

    /// Whether a transaction may be opened now.
    pub(crate) fn may_begin(&self) -> Result<(), Error> {
        self.ready()?;
        if self.open { Err(Error::Sql("a transaction is open already".into())) } else { Ok(()) }
    }

    /// Whether the transaction may be committed or may get a savepoint now.
    pub(crate) fn may_go_on(&self) -> Result<(), Error> {
        self.alive()?;
        if !self.open {
            return Err(Error::Sql("no transaction is open".into()));
        }
        self.ready()
    }

    /// Whether the innermost savepoint may be released now.
    pub(crate) fn may_release(&self) -> Result<(), Error> {
        self.may_go_on()?;
        if self.depth == 0 { Err(Error::Sql("no savepoint is open".into())) } else { Ok(()) }
    }

    pub(crate) fn has_savepoint(&self) -> bool {
        self.depth > 0
    }

    pub(crate) fn begun(&mut self) {
        self.open = true;
        self.depth = 0;
        self.failed = false;
    }

    pub(crate) fn ended(&mut self) {
        self.open = false;
        self.depth = 0;
        self.failed = false;
    }

    pub(crate) fn deeper(&mut self) {
        self.depth += 1;
    }

    /// The innermost savepoint is gone, and with it what has failed since.
    pub(crate) fn shallower(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.failed = false;
    }

    /// Remembers what a failed statement means for those after it.
    pub(crate) fn note(&mut self, error: Error) -> Error {
        if let Error::Broken(why) = &error {
            self.broken = Some(why.clone());
        }
        self.failed = self.open;
        error
    }

    /// The connection is of no more use.
    pub(crate) fn break_off(&mut self, why: String) -> Error {
        self.note(Error::Broken(why))
    }
}

/// What must hold for the binds of a statement on either database.
pub(crate) fn check_binds(sql: &str, wanted: usize, binds: &[Bind<'_>]) -> Result<(), Error> {
    if wanted != binds.len() {
        return Err(Error::Sql(format!("{wanted} binds wanted, {} given: {sql}", binds.len())));
    }
    for (index, bind) in binds.iter().enumerate() {
        if matches!(bind, Bind::Text(text) if text.as_bytes().contains(&0)) {
            return Err(Error::Sql(format!("the text for ${} holds NUL: {sql}", index + 1)));
        }
    }
    Ok(())
}
