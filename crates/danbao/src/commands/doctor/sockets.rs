//! Names, ports and certificates, as the system and the other side show them.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use danbao_doctor::facts::{Dial, Host, Tls};
use danbao_doctor::settings::Target;
use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, ConfigBuilder, Error, WantsVerifier};
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
    let tls = open.filter(|_| target.is_https).map(|place| match trusting_known_roots() {
        Ok(trust) => handshake(target, place, most, trust),
        Err(_) => Tls::NoHandshake,
    });
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

fn handshake(target: &Target, place: SocketAddr, most: Duration, trust: ClientConfig) -> Tls {
    match shake_hands(target, place, most, trust) {
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

/// A connection that is given up at an instant, however often something comes: a server may send a byte now and then.
struct Hurried {
    stream: TcpStream,
    until: Instant,
}

impl Read for Hurried {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let left = self.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        self.stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        self.stream.read(bytes)
    }
}

impl Write for Hurried {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

fn client() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// The roots that the sending of notifications believes, too.
fn trusting_known_roots() -> Result<ClientConfig, Error> {
    Ok(client()?.with_webpki_roots().with_no_client_auth())
}

fn shake_hands(
    target: &Target,
    place: SocketAddr,
    most: Duration,
    trust: ClientConfig,
) -> std::io::Result<()> {
    let name = ServerName::try_from(target.host.clone()).map_err(std::io::Error::other)?;
    let mut session = ClientConnection::new(Arc::new(trust), name).map_err(std::io::Error::other)?;
    let until = Instant::now() + most;
    let stream = TcpStream::connect_timeout(&place, most)?;
    stream.set_write_timeout(Some(most))?;
    let mut stream = Hurried { stream, until };
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    macro_rules! chain {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/doctor/chain/", $name))
        };
    }

    fn certificate(pem: &[u8]) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem).unwrap()
    }

    /// Shows these certificates to one caller, and says where.
    fn shown(chain: &[&[u8]]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let key = PrivateKeyDer::from_pem_slice(chain!("leaf.key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.iter().map(|pem| certificate(pem)).collect(), key)
            .unwrap();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let session = ServerConnection::new(Arc::new(config)).unwrap();
            // Whoever does not believe the certificate breaks off.
            let _ = StreamOwned::new(session, stream).flush();
        });
        place
    }

    fn met(place: SocketAddr, trust: ClientConfig) -> Tls {
        let target = Target { is_https: true, host: "127.0.0.1".to_owned(), port: place.port() };
        handshake(&target, place, Duration::from_secs(10), trust)
    }

    #[test]
    fn a_chain_is_believed_if_it_is_whole_in_time_for_this_name_and_from_a_known_root() {
        let our_root = || {
            let mut roots = RootCertStore::empty();
            roots.add(certificate(chain!("root.pem"))).unwrap();
            client().unwrap().with_root_certificates(roots).with_no_client_auth()
        };
        let middle: &[u8] = chain!("middle.pem");
        let rows: [(&str, &[&[u8]], Tls); 5] = [
            ("good", &[chain!("good.pem"), middle], Tls::Good),
            ("expired", &[chain!("expired.pem"), middle], Tls::Expired),
            ("not yet valid", &[chain!("future.pem"), middle], Tls::NotYetValid),
            ("for another name", &[chain!("other.pem"), middle], Tls::WrongName),
            ("without its intermediate", &[chain!("good.pem")], Tls::UnknownIssuer),
        ];
        for (name, chain, expected) in rows {
            assert_eq!(met(shown(chain), our_root()), expected, "{name}");
        }
        let unknown = met(shown(&[chain!("good.pem"), middle]), trusting_known_roots().unwrap());
        assert_eq!(unknown, Tls::UnknownIssuer, "a root of one's own");
        let bare = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = bare.local_addr().unwrap();
        std::thread::spawn(move || bare.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        assert_eq!(met(place, our_root()), Tls::NoHandshake, "no TLS there");
    }

    #[test]
    fn a_handshake_that_comes_byte_by_byte_for_ever_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The beginning of a record of sixteen thousand bytes.
            let mut sent = stream.write_all(b"\x16\x03\x03\x40\x00");
            while sent.is_ok() {
                std::thread::sleep(Duration::from_millis(5));
                sent = stream.write_all(b"\x02");
            }
        });
        let target = Target { is_https: true, host: "127.0.0.1".to_owned(), port: place.port() };
        let trust = trusting_known_roots().unwrap();
        assert_eq!(handshake(&target, place, Duration::from_millis(300), trust), Tls::NoHandshake);
    }
}
