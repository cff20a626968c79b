//! Pepper and index key of the embedded default, made at first start and kept in `keys`, readable by its owner alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rand::Rng;
use secrecy::SecretSlice;
use zeroize::Zeroizing;

use super::{EmbeddedError, directory::Directory};
use crate::files;

const BYTES: usize = 32;

type Keys = (SecretSlice<u8>, SecretSlice<u8>);

/// The pepper and the index key of this directory.
pub fn load_or_make(directory: &Directory) -> Result<Keys, EmbeddedError> {
    let path = directory.root.join("keys");
    let failed = |error| EmbeddedError::Directory { path: path.clone(), error };
    let found = files::there(files::open_own(&path, OpenOptions::new().read(true))).map_err(failed)?;
    found.map_or_else(|| make(directory), |file| kept(file, &directory.root)).map_err(failed)
}

/// The index key that lies in this data directory, if it has one.
pub fn kept_index_key(root: &Path) -> Option<SecretSlice<u8>> {
    let text = Zeroizing::new(files::read(&root.join("keys")).ok()?);
    read(&text).map(|(_, index_key)| index_key)
}

/// Whether the keys in this directory, if it has any, can be used.
pub fn look(root: &Path) -> Result<(), EmbeddedError> {
    let path = root.join("keys");
    let found = files::there(files::open_own(&path, OpenOptions::new().read(true)));
    let looked = found.and_then(|found| found.map_or(Ok(()), |file| kept(file, root).map(drop)));
    looked.map_err(|error| EmbeddedError::Directory { path, error })
}

/// What we put there before; nobody else may have put it there or know it.
fn kept(mut file: File, root: &Path) -> io::Result<Keys> {
    files::is_secret(&file, root)?;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    let wrong = "it does not hold OTP_PEPPER and OTP_INDEX_KEY in base64";
    read(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, wrong))
}

fn read(text: &str) -> Option<Keys> {
    let value = |name: &str| {
        let encoded = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        let bytes = STANDARD.decode(encoded.trim()).ok()?;
        (bytes.len() >= BYTES).then(|| SecretSlice::from(bytes))
    };
    Some((value("OTP_PEPPER")?, value("OTP_INDEX_KEY")?))
}

/// Makes them, and the file.
fn make(directory: &Directory) -> io::Result<Keys> {
    let mut random = Zeroizing::new([0u8; 2 * BYTES]);
    rand::rng().fill_bytes(random.as_mut());
    let (pepper, index_key) = random.split_at(BYTES);
    let text = Zeroizing::new(format!(
        "# Made at first start. Without these two the codes and counters beside this file mean nothing.\n\
         OTP_PEPPER={}\nOTP_INDEX_KEY={}\n",
        STANDARD.encode(pepper),
        STANDARD.encode(index_key)
    ));
    files::replace(&directory.root.join("keys"), &directory.root.join("keys.new"), text.as_bytes())?;
    Ok((SecretSlice::from(pepper.to_vec()), SecretSlice::from(index_key.to_vec())))
}
