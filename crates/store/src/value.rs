//! What goes into a statement and what comes out of it.

use crate::error::Error;

/// An argument of a statement, borrowed from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bind<'a> {
    /// SQL's NULL.
    Null,
    /// For a `BIGINT`.
    Int(i64),
    /// For a `TEXT`. Must not hold NUL, which PostgreSQL cannot store.
    Text(&'a str),
    /// For a `BYTEA`.
    Bytes(&'a [u8]),
}

impl From<i64> for Bind<'_> {
    fn from(value: i64) -> Self {
        Bind::Int(value)
    }
}

impl From<i32> for Bind<'_> {
    fn from(value: i32) -> Self {
        Bind::Int(i64::from(value))
    }
}

impl From<u32> for Bind<'_> {
    fn from(value: u32) -> Self {
        Bind::Int(i64::from(value))
    }
}

/// A truth is a `BIGINT` of 0 or 1.
impl From<bool> for Bind<'_> {
    fn from(value: bool) -> Self {
        Bind::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(value: &'a str) -> Self {
        Bind::Text(value)
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(value: &'a String) -> Self {
        Bind::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(value: &'a [u8]) -> Self {
        Bind::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Bind<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Bind::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Bind<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Bind::Bytes(value)
    }
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Bind::Null,
            Value::Int(int) => Bind::Int(*int),
            Value::Text(text) => Bind::Text(text),
            Value::Bytes(bytes) => Bind::Bytes(bytes),
        }
    }
}

impl<'a, T: Into<Bind<'a>>> From<Option<T>> for Bind<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Bind::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Bind<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_ref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Bind<'a> {
    fn from(value: &'a Option<Vec<u8>>) -> Self {
        value.as_ref().into()
    }
}

/// One column of one row. Ordered (NULL, numbers, texts by code point, bytes), the same on every machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A `BIGINT`.
    Int(i64),
    /// A `TEXT`.
    Text(String),
    /// A `BYTEA`.
    Bytes(Vec<u8>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Int(_) => "a number",
            Value::Text(_) => "a text",
            Value::Bytes(_) => "bytes",
        }
    }
}

/// A Rust type that a column can be read as.
pub trait FromValue<'r>: Sized {
    /// What a column must hold, for the message of [`Error::Shape`].
    const WANTED: &'static str;

    /// The value as this type; `None` if it holds something else.
    fn from_value(value: &'r Value) -> Option<Self>;
}

impl FromValue<'_> for i64 {
    const WANTED: &'static str = "a number";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(int) = value { Some(*int) } else { None }
    }
}

impl FromValue<'_> for bool {
    const WANTED: &'static str = "0 or 1";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl<'r> FromValue<'r> for &'r str {
    const WANTED: &'static str = "a text";

    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl FromValue<'_> for String {
    const WANTED: &'static str = "a text";

    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}

impl<'r> FromValue<'r> for &'r [u8] {
    const WANTED: &'static str = "bytes";

    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
    }
}

impl FromValue<'_> for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        <&[u8]>::from_value(value).map(<[u8]>::to_vec)
    }
}

impl FromValue<'_> for Value {
    const WANTED: &'static str = "anything";

    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn from_value(value: &'r Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Row {
        Row { values }
    }

    /// The column at `index`, counted from 0.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no such column or it holds something else.
    pub fn get<'r, T: FromValue<'r>>(&'r self, index: usize) -> Result<T, Error> {
        let value = self
            .values
            .get(index)
            .ok_or_else(|| Error::Shape(format!("no column {index}, the row has {}", self.values.len())))?;
        T::from_value(value)
            .ok_or_else(|| Error::Shape(format!("column {index} holds {}, not {}", value.kind(), T::WANTED)))
    }

    /// Reads the columns one after the other, so that the order of a `SELECT` is the order of a struct's fields.
    pub fn reader(&self) -> Reader<'_> {
        Reader { row: self, next: 0 }
    }

    /// All columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// All columns, owned.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// Reads a row from left to right.
#[derive(Debug)]
pub struct Reader<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Reader<'r> {
    /// The next column.
    ///
    /// # Errors
    /// As [`Row::get`].
    #[expect(
        clippy::should_implement_trait,
        reason = "each column has a type of its own: this is no iterator"
    )]
    pub fn next<T: FromValue<'r>>(&mut self) -> Result<T, Error> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_as_what_it_holds_and_as_nothing_else() {
        let row =
            Row::new(vec![Value::Int(1), Value::Text("担保".into()), Value::Null, Value::Bytes(vec![0xff])]);
        assert_eq!(row.get::<i64>(0), Ok(1));
        assert_eq!(row.get::<bool>(0), Ok(true));
        assert_eq!(row.get::<Option<i64>>(0), Ok(Some(1)));
        assert_eq!(row.get::<&str>(1), Ok("担保"));
        assert_eq!(row.get::<Option<String>>(2), Ok(None));
        assert_eq!(row.get::<Vec<u8>>(3), Ok(vec![0xff]));
        assert_eq!(row.get::<i64>(1), Err(Error::Shape("column 1 holds a text, not a number".into())));
        assert_eq!(row.get::<String>(2), Err(Error::Shape("column 2 holds NULL, not a text".into())));
        assert_eq!(row.get::<i64>(4), Err(Error::Shape("no column 4, the row has 4".into())));
        assert!(Row::new(vec![Value::Int(2)]).get::<bool>(0).is_err());
    }

    #[test]
    fn a_reader_goes_from_left_to_right_and_stays_at_what_it_could_not_read() {
        let row = Row::new(vec![Value::Int(7), Value::Text("x".into())]);
        let mut reader = row.reader();
        assert_eq!(reader.next::<i64>(), Ok(7));
        assert!(reader.next::<i64>().is_err());
        assert_eq!(reader.next::<String>(), Ok("x".to_owned()));
        assert!(reader.next::<i64>().is_err());
    }

    #[test]
    fn options_bind_as_null_or_as_what_they_hold() {
        let text: Option<String> = Some("a".to_owned());
        assert_eq!(Bind::from(&text), Bind::Text("a"));
        assert_eq!(Bind::from(text.as_deref()), Bind::Text("a"));
        assert_eq!(Bind::from(text.as_ref()), Bind::Text("a"));
        assert_eq!(Bind::from(None::<i64>), Bind::Null);
        assert_eq!(Bind::from(true), Bind::Int(1));
        assert_eq!(Bind::from(b"\x00\x01"), Bind::Bytes(&[0, 1]));
    }
}
