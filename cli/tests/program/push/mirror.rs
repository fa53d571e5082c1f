//! A server of one mirror that keeps what is put.
//!
//! It knows nothing of Spack: what a real Larder says to a push is tested with the real one.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex},
};

use crate::server::{Fault, Reply, Request, Server};

/// Objects by their path in the mirror.
type Objects = BTreeMap<String, Vec<u8>>;

/// A mirror and the server it is on.
pub(crate) struct Mirror {
    server: Server,
    objects: Arc<Mutex<Objects>>,
}

impl Deref for Mirror {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Mirror {
    /// Starts a server that does its duty.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| None)
    }

    /// Starts a server that does its duty unless `misbehave` says otherwise.
    pub(crate) fn start_with(misbehave: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let objects = Arc::<Mutex<Objects>>::default();
        let kept = Arc::clone(&objects);
        let duty = move |request: &Request| do_duty(request, &mut kept.lock().unwrap());
        Self { server: Server::start("/mirrors/user-environment", duty, misbehave), objects }
    }

    /// Stores an object without a request.
    pub(crate) fn store(&self, path: &str, bytes: &[u8]) {
        self.objects.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
    }

    /// Everything it holds by path.
    pub(crate) fn objects(&self) -> Objects {
        self.objects.lock().unwrap().clone()
    }
}

fn do_duty(request: &Request, objects: &mut Objects) -> Reply {
    match (request.method.as_str(), objects.get(&request.path)) {
        ("HEAD", Some(stored)) => Reply { status: 200, headers: "", body: stored.clone() },
        ("HEAD", None) => Reply::status(404),
        ("PUT", Some(stored)) if *stored == request.body => Reply::status(200),
        ("PUT", Some(_)) => Reply::status(409),
        ("PUT", None) => {
            objects.insert(request.path.clone(), request.body.clone());
            Reply::status(201)
        }
        _ => Reply::status(405),
    }
}
