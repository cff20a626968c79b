//! Where we listen, and what is found there.

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
};

use otp_sidecar::{
    config::ListenAddr,
    http::{Bound, ListenError, Listener},
};
use tokio::net::{TcpStream, UnixStream};

fn listen(address: &ListenAddr) -> Result<Listener, ListenError> {
    Bound::to(address)?.listen()
}

fn tcp(address: &str) -> Result<Listener, ListenError> {
    listen(&ListenAddr::Tcp(address.parse().unwrap()))
}

#[tokio::test]
async fn port_0_is_told_and_a_taken_port_is_in_use() {
    let first = tcp("127.0.0.1:0").unwrap();
    let ListenAddr::Tcp(actual) = first.address() else { panic!("not TCP") };
    assert_ne!(actual.port(), 0);
    assert!(matches!(listen(first.address()), Err(ListenError::InUse(_))));
    let (client, served) = tokio::join!(TcpStream::connect(actual), first.accept());
    assert!(client.is_ok() && served.is_ok());
    assert!(matches!(tcp("192.0.2.1:0"), Err(ListenError::Refused(..))), "another machine's");
}

#[tokio::test]
async fn a_unix_socket_is_for_owner_and_group_and_only_one_that_nobody_answers_on_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "left behind");
    let listener = listen(&ListenAddr::Unix(path.clone())).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let (client, served) = tokio::join!(UnixStream::connect(&path), listener.accept());
    assert!(client.is_ok() && served.is_ok());
    let address = listener.address().clone();
    assert!(matches!(listen(&address), Err(ListenError::InUse(_))));
    drop(listener);
    assert!(!path.exists(), "gone with its listener");

    let listener = listen(&address).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(listen(&address), Err(ListenError::NotASocket(_))));
    drop(listener);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn until_it_listens_it_refuses_and_of_two_that_wait_at_one_address_one_will() {
    let directory = tempfile::tempdir().unwrap();
    let port = tcp("127.0.0.1:0").unwrap().address().clone();
    for address in [port, ListenAddr::Unix(directory.path().join("s"))] {
        let [first, second] = [(); 2].map(|()| Bound::to(&address).unwrap());
        let refused = match &address {
            ListenAddr::Tcp(address) => TcpStream::connect(address).await.map(drop),
            ListenAddr::Unix(path) => UnixStream::connect(path).await.map(drop),
        };
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let _listening = second.listen().unwrap();
        assert!(matches!(first.listen(), Err(ListenError::InUse(_))), "{address}");
    }
}
