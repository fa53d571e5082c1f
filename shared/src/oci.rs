//! The OCI distribution specification 1.1, as far as it is decided without I/O: names, paths,
//! manifests, errors, and what of it is a Spack package.
//!
//! A mirror is one repository. A package is an image tagged `<name>-<version>-<hash>.spack`, whose
//! configuration is the spec file and whose last layer is the tarball; the tag `index.spack` is the
//! index. Source: `oci/oci.py` and `bindist.py` of Spack 0.23.

pub mod challenge;
pub mod digest;
pub mod error;
pub mod image;
pub mod listing;
pub mod manifest;
pub mod repository;
pub mod route;
pub mod tag;
pub mod upload;
