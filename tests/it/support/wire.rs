//! One connection through the proxy: commands one way, replies in their order the other.

use std::sync::atomic::Ordering;

use tokio::{
    io::{AsyncBufRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::{Instant, sleep_until},
};

use super::{
    proxy::{Fault, Wire},
    resp,
};

/// What becomes of one command.
enum Fate {
    /// It goes to Redis at this time, and its reply is treated so.
    Forward(Instant, Vec<u8>, Reply),
    /// It is answered here.
    Refuse(&'static str),
}

/// What becomes of the reply to one command.
enum Reply {
    Deliver,
    /// Read, and the connection ended in its place.
    Cut,
    /// Read and kept, and all after it.
    Mute,
    /// Not from Redis at all.
    Line(&'static str),
}

/// Carries until the client has gone and its last command was answered, or the server is gone.
pub async fn carry(client: TcpStream, server: BufReader<UnixStream>, wire: &Wire) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let (fates, forwarding) = unbounded_channel();
    let (replies, answering) = unbounded_channel();
    let broken = Notify::new();
    let work = async {
        tokio::join!(
            read(BufReader::new(from_client), fates, wire),
            forward(forwarding, to_server, replies, wire),
            answer(answering, BufReader::new(from_server), to_client, &broken),
        );
    };
    tokio::select! {
        () = work => {}
        () = broken.notified() => {}
    }
}

async fn read(mut from: impl AsyncBufRead + Unpin, fates: UnboundedSender<Fate>, wire: &Wire) {
    let mut dead = false;
    let mut busy = Instant::now();
    while let Ok(Some(command)) = resp::frame(&mut from).await {
        let fault = *wire.fault.borrow();
        dead |= fault == Fault::HalfOpen;
        if dead {
            continue;
        }
        let (verb, _) = resp::words(&command);
        let calls = verb.starts_with("FCALL");
        let nth = if calls { wire.scripts.fetch_add(1, Ordering::Relaxed) } else { 1 };
        let now = Instant::now();
        let fate = match fault {
            Fault::Delay(time) => Fate::Forward(now + time, command, Reply::Deliver),
            Fault::Pace(time) if calls => {
                busy = busy.max(now) + time;
                Fate::Forward(busy, command, Reply::Deliver)
            }
            Fault::Cut(every) if nth % every == 0 => Fate::Forward(now, command, Reply::Cut),
            Fault::Mute(every) if nth % every == 0 => Fate::Forward(now, command, Reply::Mute),
            Fault::Refuse(line) if calls => Fate::Refuse(line),
            _ => Fate::Forward(now, command, Reply::Deliver),
        };
        let _ = fates.send(fate);
    }
}

async fn forward(
    mut fates: UnboundedReceiver<Fate>,
    mut to: impl AsyncWrite + Unpin,
    replies: UnboundedSender<Reply>,
    wire: &Wire,
) {
    while let Some(fate) = fates.recv().await {
        let reply = match fate {
            Fate::Refuse(line) => Reply::Line(line),
            Fate::Forward(at, command, reply) => {
                sleep_until(at).await;
                if to.write_all(&command).await.is_err() {
                    return;
                }
                *wire.commands.lock().unwrap().entry(resp::words(&command)).or_default() += 1;
                reply
            }
        };
        let _ = replies.send(reply);
    }
}

async fn answer(
    mut replies: UnboundedReceiver<Reply>,
    mut from: impl AsyncBufRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    broken: &Notify,
) {
    let mut mute = false;
    while let Some(reply) = replies.recv().await {
        let bytes = match reply {
            Reply::Line(line) => format!("{line}\r\n").into_bytes(),
            _ => match resp::frame(&mut from).await {
                Ok(Some(bytes)) => bytes,
                _ => return broken.notify_one(),
            },
        };
        match reply {
            Reply::Cut => return broken.notify_one(),
            Reply::Mute => mute = true,
            Reply::Deliver | Reply::Line(_) => {}
        }
        // One that has gone needs no answer, but what it sent still runs.
        if !mute {
            let _ = to.write_all(&bytes).await;
        }
    }
}
