//! The row in PostgreSQL.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use leasehold_server::failover::arbiter::statements::{COLUMNS, Dialect, row};
use leasehold_server::failover::arbiter::{Ask, Reply, Row, Wish};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};
use tokio_rustls::TlsConnector;

/// What a session is set to: a change is on the database's disk when it is answered, and waits for nobody for long.
const SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = '3s'; SET TIME ZONE 'UTC'";

/// A database, and the connection to it.
pub struct Postgres {
    /// Where it is and who asks.
    pub config: Config,
    /// How it is known; absent: in plain text.
    pub tls: Option<TlsConnector>,
    /// While a question is under way nobody has it: one that is given up is not used again.
    pub client: Option<Client>,
}

impl Postgres {
    /// Asks, on a new connection if there is none or the old one does not stand.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed())
            && let Ok(reply) = heed(&client, ask).await
        {
            self.client = Some(client);
            return Ok(reply);
        }
        let client = self.connect().await.map_err(|error| in_words(&error))?;
        let reply = heed(&client, ask).await?;
        self.client = Some(client);
        Ok(reply)
    }

    async fn connect(&self) -> Result<Client, Error> {
        let client = match &self.tls {
            Some(connector) => {
                let (client, connection) = self.config.connect(Tls(connector.clone())).await?;
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
        };
        client.batch_execute(SESSION).await?;
        Ok(client)
    }
}

async fn heed(client: &Client, ask: &Ask) -> Result<Reply, String> {
    let sql = Dialect::Postgres;
    let done = match sql.change(ask) {
        Some(change) => {
            let said = client.simple_query(&change).await.map_err(|error| in_words(&error))?;
            said.iter().any(|said| matches!(said, SimpleQueryMessage::CommandComplete(1)))
        }
        None => true,
    };
    let row = match look(client, ask).await {
        Ok(Some(row)) => row,
        Ok(None) => make(client, ask).await?,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            client.batch_execute(&sql.create()).await.map_err(|error| in_words(&error))?;
            make(client, ask).await?
        }
        Err(error) => return Err(in_words(&error)),
    };
    let row = row?;
    Ok(Reply { done, row })
}

type Seen = Result<Row, String>;

async fn make(client: &Client, ask: &Ask) -> Result<Seen, String> {
    let Wish::Look { name } = ask.wish else { return Err("the arbiter's row is gone".to_owned()) };
    let made = client.batch_execute(&Dialect::Postgres.make(ask.pair, name)).await;
    made.map_err(|error| in_words(&error))?;
    let seen = look(client, ask).await.map_err(|error| in_words(&error))?;
    seen.ok_or_else(|| "the arbiter's row is gone".to_owned())
}

async fn look(client: &Client, ask: &Ask) -> Result<Option<Seen>, Error> {
    let said = client.simple_query(&Dialect::Postgres.look(ask.pair)).await?;
    Ok(said.iter().find_map(|said| match said {
        SimpleQueryMessage::Row(found) => {
            let mut columns = [0; COLUMNS];
            for (at, column) in columns.iter_mut().enumerate() {
                match found.get(at).and_then(|text| text.parse().ok()) {
                    Some(number) => *column = number,
                    None => return Some(Err("the arbiter's row has other columns".to_owned())),
                }
            }
            Some(row(columns))
        }
        _ => None,
    }))
}

/// What the library says, with what is behind it.
fn in_words(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("the database says: {}", said.message());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// TLS as the rest of the server has it, for the driver.
struct Tls(TlsConnector);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Encrypted<S>;
    type TlsConnect = Named;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Named, Self::Error> {
        Ok(Named { connector: self.0.clone(), name: ServerName::try_from(domain.to_owned())? })
    }
}

/// A handshake with one host.
struct Named {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Named {
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Encrypted(self.connector.connect(self.name, stream).await?)) })
    }
}

/// An encrypted stream.
struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
