//! The row in MySQL or MariaDB.

use leasehold_server::failover::arbiter::statements::{COLUMNS, Dialect, row};
use leasehold_server::failover::arbiter::{Ask, Reply, Row, Wish};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Opts};

/// `ER_NO_SUCH_TABLE`.
const NO_SUCH_TABLE: u16 = 1146;

/// A database, and the connection to it.
pub struct Mysql {
    /// Where it is, who asks and how it is known.
    pub options: Opts,
    /// While a question is under way nobody has it: one that is given up is not used again.
    pub connection: Option<Conn>,
}

impl Mysql {
    /// Asks, on a new connection if there is none or the old one does not stand.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        if let Some(mut connection) = self.connection.take()
            && let Ok(reply) = heed(&mut connection, ask).await
        {
            self.connection = Some(connection);
            return Ok(reply);
        }
        let connection = Conn::new(self.options.clone()).await;
        let mut connection = connection.map_err(|error| in_words(&error))?;
        let reply = heed(&mut connection, ask).await?;
        self.connection = Some(connection);
        Ok(reply)
    }
}

async fn heed(connection: &mut Conn, ask: &Ask) -> Result<Reply, String> {
    let sql = Dialect::Mysql;
    let done = match sql.change(ask) {
        Some(change) => {
            connection.query_drop(change).await.map_err(|error| in_words(&error))?;
            connection.affected_rows() == 1
        }
        None => true,
    };
    let row = match look(connection, ask).await {
        Ok(Some(row)) => row,
        Ok(None) => make(connection, ask).await?,
        Err(Error::Server(said)) if said.code == NO_SUCH_TABLE => {
            connection.query_drop(sql.create()).await.map_err(|error| in_words(&error))?;
            make(connection, ask).await?
        }
        Err(error) => return Err(in_words(&error)),
    };
    let row = row?;
    Ok(Reply { done, row })
}

type Seen = Result<Row, String>;

async fn make(connection: &mut Conn, ask: &Ask) -> Result<Seen, String> {
    let Wish::Look { name } = ask.wish else { return Err("the arbiter's row is gone".to_owned()) };
    let made = connection.query_drop(Dialect::Mysql.make(ask.pair, name)).await;
    made.map_err(|error| in_words(&error))?;
    let seen = look(connection, ask).await.map_err(|error| in_words(&error))?;
    seen.ok_or_else(|| "the arbiter's row is gone".to_owned())
}

async fn look(connection: &mut Conn, ask: &Ask) -> Result<Option<Seen>, Error> {
    let found: Option<mysql_async::Row> = connection.query_first(Dialect::Mysql.look(ask.pair)).await?;
    Ok(found.map(|found| {
        let mut columns = [0; COLUMNS];
        for (at, column) in columns.iter_mut().enumerate() {
            match found.get_opt::<i64, usize>(at) {
                Some(Ok(number)) => *column = number,
                Some(Err(_)) | None => return Err("the arbiter's row has other columns".to_owned()),
            }
        }
        row(columns)
    }))
}

/// What the library says, as a person would.
fn in_words(error: &Error) -> String {
    match error {
        Error::Server(said) => format!("the database says: {}", said.message),
        error => error.to_string(),
    }
}
