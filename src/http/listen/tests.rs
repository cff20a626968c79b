use tokio::net::{TcpStream, UnixStream};

use super::*;

fn listen(address: &ListenAddr) -> Result<Listener, ListenError> {
    Bound::to(address)?.listen()
}

#[tokio::test]
async fn port_0_is_told_and_a_taken_port_is_in_use() {
    let first = listen(&ListenAddr::Tcp("127.0.0.1:0".parse().unwrap())).unwrap();
    let ListenAddr::Tcp(actual) = first.address() else { panic!("not TCP") };
    assert_ne!(actual.port(), 0);
    assert!(matches!(listen(first.address()), Err(ListenError::InUse(_))));
    let (client, served) = tokio::join!(TcpStream::connect(actual), first.accept());
    assert!(client.is_ok() && served.is_ok());
}

#[tokio::test]
async fn an_address_of_another_machine_is_not_in_use_but_refused() {
    let elsewhere = ListenAddr::Tcp("192.0.2.1:0".parse().unwrap());
    assert!(matches!(listen(&elsewhere), Err(ListenError::Refused(..))));
    let nowhere = ListenAddr::Unix("/nonexistent/otp.sock".into());
    assert!(matches!(listen(&nowhere), Err(ListenError::Refused(..))));
}

#[tokio::test]
async fn a_unix_socket_is_for_owner_and_group_and_goes_with_its_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listener = listen(&ListenAddr::Unix(path.clone())).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let (client, served) = tokio::join!(UnixStream::connect(&path), listener.accept());
    assert!(client.is_ok() && served.is_ok());
    assert!(matches!(listen(listener.address()), Err(ListenError::InUse(_))));
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn only_a_socket_that_nobody_answers_on_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "left behind");
    let listener = listen(&ListenAddr::Unix(path.clone())).unwrap();

    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(listen(listener.address()), Err(ListenError::NotASocket(_))));
    drop(listener);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn until_it_listens_it_refuses_and_of_two_that_wait_at_one_address_one_will() {
    let directory = tempfile::tempdir().unwrap();
    let port = listen(&ListenAddr::Tcp("127.0.0.1:0".parse().unwrap())).unwrap().address().clone();
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
