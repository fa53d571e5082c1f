//! `/v2/<name>/referrers/<digest>`

use larder_shared::{
    index::command::Ask,
    name::MirrorName,
    oci::{
        digest::ContentDigest,
        manifest::{Descriptor, INDEX, Referrers},
    },
};
use worker::{Request, Response};

use super::{json, parameter};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client,
};

/// `GET`: the manifests about another, as an index; an unknown subject has none, nor has any in a
/// repository that is not there.
pub(crate) async fn list(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    subject: &ContentDigest,
) -> Result<Response> {
    let artifact_type = parameter(request, "artifactType")?.filter(|text| !text.is_empty());
    let mut headers = vec![("Content-Type", INDEX)];
    if artifact_type.is_some() {
        headers.push(("OCI-Filters-Applied", "artifactType"));
    }
    let ask = Ask::Referrers { subject: *subject, artifact_type };
    let manifests: Vec<Descriptor> = match auth::readable(app, request, mirror).await {
        Ok(_) => index_client::ask(app, mirror, ask).await?,
        Err(Error::UnknownMirror(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    json(&headers, &Referrers::new(manifests))
}
