//! The values of statements and the rows of answers, for either engine.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, query::Query};
#[cfg(feature = "postgres")]
use sqlx::{Postgres, postgres::PgArguments};

use super::fault::fault;
use crate::error::Result;

/// Runs the same code on a pool, transaction or row of either engine.
macro_rules! either {
    ($choice:expr, $kind:ident, $value:ident => $body:expr) => {
        match $choice {
            $kind::Sqlite($value) => $body,
            #[cfg(feature = "postgres")]
            $kind::Postgres($value) => $body,
        }
    };
}
pub(super) use either;

/// A row of an answer.
pub(crate) struct Row(Answer);

enum Answer {
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

/// A value for a `$1` of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text
    Text(Option<String>),
    /// A whole number
    Whole(Option<i64>),
    /// A number with a fraction
    Real(Option<f64>),
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<String> {
        either!(&self.0, Answer, row => row.try_get(column).map_err(|error| fault(&error)))
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>> {
        either!(&self.0, Answer, row => row.try_get(column).map_err(|error| fault(&error)))
    }

    pub(crate) fn whole(&self, column: &str) -> Result<i64> {
        either!(&self.0, Answer, row => row.try_get(column).map_err(|error| fault(&error)))
    }

    pub(crate) fn maybe_whole(&self, column: &str) -> Result<Option<i64>> {
        either!(&self.0, Answer, row => row.try_get(column).map_err(|error| fault(&error)))
    }

    pub(crate) fn maybe_real(&self, column: &str) -> Result<Option<f64>> {
        either!(&self.0, Answer, row => row.try_get(column).map_err(|error| fault(&error)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Whole(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(Some(number))
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        Self::Real(number)
    }
}

pub(super) fn sqlite(text: String, values: &[Value]) -> Query<'static, Sqlite, SqliteArguments> {
    values.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, value| match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Whole(number) => query.bind(*number),
        Value::Real(number) => query.bind(*number),
    })
}

#[cfg(feature = "postgres")]
pub(super) fn postgres(text: String, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, value| match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Whole(number) => query.bind(*number),
        Value::Real(number) => query.bind(*number),
    })
}

pub(super) fn sqlite_rows(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Answer::Sqlite).map(Row).collect()
}

#[cfg(feature = "postgres")]
pub(super) fn postgres_rows(rows: Vec<sqlx::postgres::PgRow>) -> Vec<Row> {
    rows.into_iter().map(Answer::Postgres).map(Row).collect()
}
