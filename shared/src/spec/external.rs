//! Packages that Spack found on the system: `{"path":"/usr","module":null,"extra_attributes":{}}`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json;

/// Where a package is that was on the system already.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct External {
    /// Its prefix.
    pub path: Option<String>,
    /// The environment modules to load for it.
    pub modules: Vec<String>,
}

impl External {
    /// Appends the field's value; `extra_attributes` is an object that nobody but Spack reads.
    pub(super) fn push_json(&self, out: &mut String, extra_attributes: Option<&str>) {
        out.push_str("{\"path\":");
        match &self.path {
            Some(path) => json::push_string(out, path),
            None => out.push_str("null"),
        }
        out.push_str(",\"module\":");
        if self.modules.is_empty() {
            out.push_str("null");
        } else {
            json::push_strings(out, self.modules.iter().map(String::as_str));
        }
        out.push_str(",\"extra_attributes\":");
        out.push_str(extra_attributes.unwrap_or("{}"));
        out.push('}');
    }
}

/// The field `external` as read.
pub(super) struct ExternalFields {
    pub(super) external: External,
    pub(super) extra_attributes: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    path: Option<String>,
    #[serde(borrow)]
    module: Option<&'a RawValue>,
    #[serde(borrow)]
    extra_attributes: Option<&'a RawValue>,
}

impl ExternalFields {
    /// `None` if the value says that the package is not external: nothing, or neither a path nor
    /// a module, as in Spack.
    pub(super) fn read(value: &RawValue) -> Result<Option<Self>, serde_json::Error> {
        if matches!(value.get(), "null" | "false") {
            return Ok(None);
        }
        let fields: Fields<'_> = serde_json::from_str(value.get())?;
        let modules = match fields.module.map(RawValue::get) {
            None | Some("null" | "false") => Vec::new(),
            Some(text) if text.starts_with('"') => vec![serde_json::from_str(text)?],
            Some(text) => serde_json::from_str(text)?,
        };
        let external = External { path: fields.path, modules };
        let extra_attributes = fields.extra_attributes.map(RawValue::get).filter(|text| text.starts_with('{'));
        Ok((external != External::default())
            .then(|| Self { external, extra_attributes: extra_attributes.map(json::compact) }))
    }
}
