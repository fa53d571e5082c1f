//! What the scheduled event does, mirror by mirror: asks origins for a newer index, and goes on healing
//! what the bucket and the index disagree about.

use larder_shared::{api::Origin, index::command::Ask};
use worker::console_error;

use crate::{
    app::App,
    auth,
    error::Result,
    index_client, origin,
    registry::{self, Settings},
};

/// Looks after all mirrors, one after the other, and forgets tokens that have ended.
pub(crate) async fn run(app: &App) {
    if let Err(error) = auth::tokens::forget_ended(app).await {
        console_error!("forgetting tokens: {error:?}");
    }
    let mut cursor = None;
    loop {
        let (mirrors, next) = match registry::list(app, cursor, 100).await {
            Ok(page) => page,
            Err(error) => return console_error!("listing mirrors: {error:?}"),
        };
        for settings in &mirrors {
            if let Err(error) = look_after(app, settings).await {
                console_error!("{}: {error:?}", settings.name);
            }
        }
        match next {
            Some(next) => cursor = Some(next),
            None => return,
        }
    }
}

async fn look_after(app: &App, settings: &Settings) -> Result<()> {
    let owns_packages = settings.origin == Origin::Bucket;
    index_client::ask::<()>(app, &settings.name, Ask::Heal { owns_packages }).await?;
    origin::refresh(app, settings).await.map(drop)
}
