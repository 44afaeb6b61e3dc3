//! Names, ports and certificates, as the system and the other side show them.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use danbao_doctor::facts::{Dial, Host, Tls};
use danbao_doctor::settings::Target;
use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, Error};
use tokio::runtime::Runtime;

/// The longest wait for a name, a connection or a handshake: what the gateway grants a connection (protocol.md §6.5).
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// So many addresses of one name are dialled at most.
const DIALLED_MAX: usize = 4;

/// What one address of a page or gateway leads to. Blocks, for some multiples of the wait at most.
pub(super) fn look_at(runtime: &Runtime, target: &Target, answer_max: Duration) -> Host {
    let most = CONNECT_MAX.min(answer_max);
    let places = runtime.block_on(lookup(target, most));
    let mut addresses: Vec<IpAddr> = places.iter().map(SocketAddr::ip).collect();
    addresses.dedup();
    let dialled = places.iter().take(DIALLED_MAX).map(|place| (place, dial(*place, most)));
    // As a browser does: the first address that answers is enough.
    let mut dial_result = None;
    let mut open = None;
    for (place, result) in dialled {
        dial_result = Some(result);
        if result == Dial::Open {
            open = Some(*place);
            break;
        }
    }
    let tls = open.filter(|_| target.is_https).map(|place| handshake(target, place, most));
    Host { addresses, dial: dial_result, tls }
}

async fn lookup(target: &Target, most: Duration) -> Vec<SocketAddr> {
    let found =
        tokio::time::timeout(most, tokio::net::lookup_host((target.host.as_str(), target.port))).await;
    match found {
        Ok(Ok(places)) => places.collect(),
        _ => Vec::new(),
    }
}

fn dial(place: SocketAddr, most: Duration) -> Dial {
    match TcpStream::connect_timeout(&place, most) {
        Ok(_) => Dial::Open,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Dial::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Dial::TimedOut,
            _ => Dial::Unreachable,
        },
    }
}

fn handshake(target: &Target, place: SocketAddr, most: Duration) -> Tls {
    match shake_hands(target, place, most) {
        Ok(()) => Tls::Good,
        Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(why)) => fault(why),
            _ => Tls::NoHandshake,
        },
    }
}

fn fault(why: &CertificateError) -> Tls {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Tls::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Tls::NotYetValid,
        CertificateError::UnknownIssuer => Tls::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Tls::WrongName,
        _ => Tls::BadCertificate,
    }
}

fn shake_hands(target: &Target, place: SocketAddr, most: Duration) -> std::io::Result<()> {
    let refused = |error: Error| std::io::Error::other(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_webpki_roots()
        .with_no_client_auth();
    let name = ServerName::try_from(target.host.clone()).map_err(std::io::Error::other)?;
    let mut session = ClientConnection::new(Arc::new(config), name).map_err(refused)?;
    let mut stream = TcpStream::connect_timeout(&place, most)?;
    stream.set_read_timeout(Some(most))?;
    stream.set_write_timeout(Some(most))?;
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    Ok(())
}
