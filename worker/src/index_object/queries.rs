//! What an index tells the API.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use larder_shared::{
    action_cache::Month,
    api::{
        self, Dependency, File, FileKind, Layout, List, Package, PackageSummary, SpecSummary, Timestamp, VersionCount,
    },
    index::command::{FoundSpec, Located},
    layout::{
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::{DagHash, PackageName},
    spec::{Node, ParameterValue},
    version::Version,
};
use serde::Deserialize;
use worker::Result;

use super::{
    reports,
    tables::{RecordRow, Tables},
};

/// What one query tells of a package; the lists are joined by [`SEPARATOR`].
#[derive(Debug, Deserialize)]
struct PackageRow {
    name: PackageName,
    specs: u64,
    versions: String,
    targets: String,
    systems: String,
    bytes: Option<u64>,
    pushed: u64,
}

/// `GROUP_CONCAT(DISTINCT x)` joins by a comma, which no version, target or system holds.
const SEPARATOR: char = ',';

const PACKAGE_COLUMNS: &str = "name, COUNT(*) AS specs, GROUP_CONCAT(DISTINCT version) AS versions,
    GROUP_CONCAT(DISTINCT target) AS targets, GROUP_CONCAT(DISTINCT os) AS systems, SUM(size) AS bytes,
    MAX(pushed) AS pushed";

impl PackageRow {
    fn to_summary(&self) -> PackageSummary {
        let sorted = |list: &str| {
            list.split(SEPARATOR).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        let versions: Vec<Version> = self.versions.split(SEPARATOR).map(Version::from).collect();
        PackageSummary {
            name: self.name.clone(),
            newest: versions.iter().max().map(ToString::to_string).unwrap_or_default(),
            versions: versions.len() as u64,
            specs: self.specs,
            targets: sorted(&self.targets),
            systems: sorted(&self.systems),
            bytes: self.bytes.unwrap_or(0),
            pushed: Timestamp::from_millis(self.pushed),
        }
    }
}

/// The packages whose name holds `q`, in order of name; cost grows with the records of the page,
/// and with `q` with all that are passed over.
pub(super) fn packages(
    tables: &Tables,
    q: &str,
    limit: u32,
    after: Option<&PackageName>,
) -> Result<List<PackageSummary>> {
    let sql = format!(
        "SELECT {PACKAGE_COLUMNS} FROM record WHERE seq > 0 AND name > ? AND instr(lower(name), ?) > 0
         GROUP BY name ORDER BY name LIMIT ?"
    );
    let after = after.map_or("", PackageName::as_str);
    let one_more = i64::from(limit) + 1;
    let rows: Vec<PackageRow> = tables.rows(&sql, vec![after.into(), q.to_lowercase().into(), one_more.into()])?;
    let has_more = rows.len() > limit as usize;
    let items: Vec<_> = rows.iter().take(limit as usize).map(PackageRow::to_summary).collect();
    let next = items.last().filter(|_| has_more).map(|last| last.name.to_string());
    Ok(List { items, next })
}

/// Some packages, by a JSON array of their names, in order of name; cost grows with their records.
pub(super) fn packages_named(tables: &Tables, names: &str) -> Result<Vec<PackageSummary>> {
    let sql = format!(
        "SELECT {PACKAGE_COLUMNS} FROM record WHERE seq > 0 AND name IN (SELECT value FROM json_each(?))
         GROUP BY name ORDER BY name"
    );
    let rows: Vec<PackageRow> = tables.rows(&sql, vec![names.into()])?;
    Ok(rows.iter().map(PackageRow::to_summary).collect())
}

/// One package.
pub(super) fn package(tables: &Tables, name: &PackageName) -> Result<Option<Package>> {
    #[derive(Deserialize)]
    struct Count {
        version: String,
        specs: u64,
    }
    let sql = format!("SELECT {PACKAGE_COLUMNS} FROM record WHERE seq > 0 AND name = ? GROUP BY name");
    let Some(row) = tables.first::<PackageRow>(&sql, vec![name.as_str().into()])? else { return Ok(None) };
    let sql = "SELECT version, COUNT(*) AS specs FROM record WHERE seq > 0 AND name = ? GROUP BY version";
    let mut counts: Vec<Count> = tables.rows(sql, vec![name.as_str().into()])?;
    counts.sort_by_cached_key(|count| std::cmp::Reverse(Version::from(count.version.as_str())));
    let sql = format!("SELECT {} FROM record WHERE seq > 0 AND name = ? LIMIT 1", RecordRow::COLUMNS);
    let one = tables.first::<RecordRow>(&sql, vec![name.as_str().into()])?;
    let namespace = match one {
        Some(row) => row.to_node()?.namespace,
        None => None,
    };
    let by_version = counts.into_iter().map(|Count { version, specs }| VersionCount { version, specs }).collect();
    Ok(Some(Package { summary: row.to_summary(), by_version, namespace }))
}

/// A page of specs; see [`SpecSummary`] for the order.
pub(super) fn specs(
    tables: &Tables,
    package: Option<&PackageName>,
    limit: u32,
    cursor: Option<&str>,
) -> Result<List<SpecSummary>> {
    match package {
        Some(package) => specs_of(tables, package, limit, cursor),
        None => newest_specs(tables, limit, cursor),
    }
}

/// The months in which packages arrived, as `21.11`, in order of first appearance.
pub(super) fn months(tables: &Tables) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Row {
        first: u64,
    }
    let sql = "SELECT MIN(pushed) AS first FROM record WHERE seq > 0
        GROUP BY strftime('%Y-%m', pushed / 1000, 'unixepoch') ORDER BY MIN(seq)";
    let rows: Vec<Row> = tables.rows(sql, Vec::new())?;
    Ok(rows.iter().map(|row| Month::of(Timestamp::from_millis(row.first)).to_string()).collect())
}

/// All specs, the newest first; the cursor is the last one's number.
fn newest_specs(tables: &Tables, limit: u32, cursor: Option<&str>) -> Result<List<SpecSummary>> {
    let before: i64 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(i64::from(i32::MAX) << 20);
    let sql = format!("SELECT {} FROM record WHERE seq > 0 AND seq < ? ORDER BY seq DESC LIMIT ?", RecordRow::COLUMNS);
    let rows: Vec<RecordRow> = tables.rows(&sql, vec![before.into(), (i64::from(limit) + 1).into()])?;
    let has_more = rows.len() > limit as usize;
    let rows = &rows[..rows.len().min(limit as usize)];
    let next = rows.last().filter(|_| has_more).map(|row| row.seq.to_string());
    Ok(List { items: rows.iter().map(summary).collect::<Result<_>>()?, next })
}

/// The specs of a package, the highest version first; the cursor is how many were given.
///
/// Spack's order of versions is not SQLite's, so versions and numbers of all are sorted here and
/// only the page's records are read whole.
fn specs_of(tables: &Tables, package: &PackageName, limit: u32, cursor: Option<&str>) -> Result<List<SpecSummary>> {
    #[derive(Deserialize)]
    struct Row {
        seq: i64,
        version: String,
    }
    let sql = "SELECT seq, version FROM record WHERE seq > 0 AND name = ?";
    let mut all: Vec<Row> = tables.rows(sql, vec![package.as_str().into()])?;
    all.sort_by_cached_key(|row| std::cmp::Reverse((Version::from(row.version.as_str()), row.seq)));
    let skip: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let end = all.len().min(skip.saturating_add(limit as usize));
    let mut items = Vec::new();
    for row in all.get(skip..end).unwrap_or_default() {
        let sql = format!("SELECT {} FROM record WHERE seq = ?", RecordRow::COLUMNS);
        if let Some(row) = tables.first::<RecordRow>(&sql, vec![row.seq.into()])? {
            items.push(summary(&row)?);
        }
    }
    Ok(List { items, next: (end < all.len()).then(|| end.to_string()) })
}

/// A package by the beginning of its hash.
pub(super) fn spec(tables: &Tables, prefix: &str) -> Result<FoundSpec> {
    let found = by_prefix(tables, prefix)?;
    match &found[..] {
        [] => Ok(FoundSpec::None),
        [one] => Ok(FoundSpec::One(Box::new(spec_document(tables, one)?))),
        several => Ok(FoundSpec::Several(several.iter().map(|row| row.hash.clone()).collect())),
    }
}

/// At most this many hashes are named when a beginning is not unique.
const MAX_NAMED: i64 = 8;

fn by_prefix(tables: &Tables, prefix: &str) -> Result<Vec<RecordRow>> {
    // `{` follows `z`, the last character of a hash.
    let sql = format!(
        "SELECT {} FROM record WHERE hash >= ? AND hash < ? AND seq > 0 ORDER BY hash LIMIT {MAX_NAMED}",
        RecordRow::COLUMNS
    );
    tables.rows(&sql, vec![prefix.into(), format!("{prefix}{{").into()])
}

/// A node of a package or of one it needs.
pub(super) fn locate(tables: &Tables, hash: &DagHash) -> Result<Option<Located>> {
    let Some(row) = tables.record(hash)?.filter(RecordRow::is_package) else { return Ok(None) };
    let run = reports::run_page(tables, &row.to_node()?)?;
    Ok(Some(Located { record: row.to_record()?, tarball: row.tarball, run }))
}

pub(super) fn summary(row: &RecordRow) -> Result<SpecSummary> {
    Ok(summary_of(row, &row.to_node()?))
}

fn summary_of(row: &RecordRow, node: &Node) -> SpecSummary {
    let value = |value: &ParameterValue| match value {
        ParameterValue::Flag(flag) => api::VariantValue::Flag(*flag),
        ParameterValue::Text(text) => api::VariantValue::Text(text.clone()),
        ParameterValue::List(list) => api::VariantValue::List(list.clone()),
    };
    SpecSummary {
        hash: node.hash.clone(),
        name: node.name.clone(),
        version: node.version.to_string(),
        compiler: node.compiler.as_ref().map(ToString::to_string),
        platform: node.platform.clone(),
        os: node.os.clone(),
        target: node.target.clone(),
        variants: node.parameters.iter().map(|(name, parameter)| (name.clone(), value(parameter))).collect(),
        size: row.size,
        pushed: Timestamp::from_millis(row.pushed),
        // The document that says so names the tarball too.
        signed: row.tarball.map(|_| row.signed != 0),
        managed: row.is_managed(),
        layout: row.layout,
    }
}

fn spec_document(tables: &Tables, row: &RecordRow) -> Result<api::Spec> {
    let node = row.to_node()?;
    Ok(api::Spec {
        summary: summary_of(row, &node),
        prefix: unique_prefix(tables, &row.hash)?,
        last_used: row.used.map(Timestamp::from_millis),
        namespace: node.namespace.clone(),
        package_hash: node.package_hash.clone(),
        flags: node.flags.iter().cloned().collect::<BTreeMap<_, _>>(),
        tarball: row.tarball,
        files: files(row, &node),
        nodes: graph(tables, row, node)?,
    })
}

/// The shortest beginning of a hash, at least 7 characters, that no other package shares.
fn unique_prefix(tables: &Tables, hash: &DagHash) -> Result<String> {
    let text = hash.as_str();
    let mut length = 7;
    while length < text.len() && by_prefix(tables, &text[..length])?.len() > 1 {
        length += 1;
    }
    Ok(text[..length].to_owned())
}

fn files(row: &RecordRow, node: &Node) -> Vec<File> {
    let (in_v2, in_v3) = (row.layout == Layout::V2, row.layout == Layout::V3);
    // What arrived unsigned is found signed when the mirror's own key signs it.
    let is_signed_later = row.is_managed() && !row.is_signed_on_arrival();
    let v2 = |path: v2::Path, kind, stored| File { path: path.to_string(), layout: Layout::V2, kind, stored };
    let v3 = |path: v3::Path, kind, stored| File { path: path.to_string(), layout: Layout::V3, kind, stored };
    let spec_file = |signed, stored| v2(v2::Path::Spec { stem: Stem::of(node), signed }, FileKind::SpecFile, stored);
    let mut files = vec![v2(v2::Path::Tarball(TarballPath::of(node)), FileKind::Tarball, in_v2)];
    if in_v2 {
        files.push(spec_file(row.is_signed_on_arrival(), true));
    }
    if !in_v2 || is_signed_later {
        files.push(spec_file(row.is_managed(), false));
    }
    let manifest = v3::Path::SpecManifest(SpecManifestPath::of(node));
    files.push(v3(manifest, FileKind::Manifest, in_v3 && !is_signed_later));
    files.extend(row.tarball.map(|digest| v3(v3::Path::Blob(digest), FileKind::Tarball, true)));
    files
}

/// Every node that the index has of a package's graph: the package first, the rest by name.
fn graph(tables: &Tables, root: &RecordRow, node: Node) -> Result<Vec<api::Node>> {
    let mut seen = HashSet::from([node.hash.clone()]);
    let mut todo = VecDeque::from([(root.clone(), node)]);
    let mut nodes = Vec::new();
    while let Some((row, node)) = todo.pop_front() {
        for edge in &node.dependencies {
            if seen.insert(edge.hash.clone())
                && let Some(row) = tables.record(&edge.hash)?
            {
                let node = row.to_node()?;
                todo.push_back((row, node));
            }
        }
        nodes.push(api_node(&row, &node));
    }
    nodes[1..].sort_by(|a, b| (&a.name, &a.hash).cmp(&(&b.name, &b.hash)));
    let known: HashSet<_> = nodes.iter().map(|node| node.hash.clone()).collect();
    for node in &mut nodes {
        node.dependencies.retain(|edge| known.contains(&edge.hash));
    }
    Ok(nodes)
}

fn api_node(row: &RecordRow, node: &Node) -> api::Node {
    let external = node
        .external
        .as_ref()
        .map(|external| external.path.clone().or_else(|| external.modules.first().cloned()).unwrap_or_default());
    let dependency = |edge: &larder_shared::spec::Edge| Dependency {
        hash: edge.hash.clone(),
        name: edge.name.clone(),
        kinds: edge.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        virtuals: edge.virtuals.clone(),
    };
    api::Node {
        hash: node.hash.clone(),
        name: node.name.clone(),
        version: node.version.to_string(),
        target: node.target.clone(),
        in_mirror: row.is_package(),
        external,
        size: row.size,
        dependencies: node.dependencies.iter().map(dependency).collect(),
    }
}
