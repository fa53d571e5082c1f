//! What the dictionaries of a catalogue hold once more than they have to: systems, targets, compilers.

use crate::index::catalogue::Catalogue;

/// The lists, each in order, and where in them what the dictionaries hold is.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) systems: Vec<String>,
    pub(super) targets: Vec<String>,
    /// Name and first part of the version: `gcc@12`.
    pub(super) compilers: Vec<String>,
    /// By machine, the number of its system and of its target.
    pub(super) machines: Vec<(u32, u32)>,
    /// By compiler.
    pub(super) compiler_of: Vec<Option<u32>>,
}

impl Lists {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let specs = &catalogue.specs;
        let all = |of: &dyn Fn(u32) -> Option<String>, count: u32| -> Vec<String> {
            let mut list: Vec<String> = (0..count).filter_map(of).collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let compiler = |number| {
            let own = specs.compiler(number)?;
            let major = own.version.split(['.', '-', '_']).next().unwrap_or_default();
            Some(format!("{}@{major}", own.name))
        };
        let systems = all(&|number| Some(specs.machine(number).os.to_owned()), specs.machines());
        let targets = all(&|number| Some(specs.machine(number).target.to_owned()), specs.machines());
        let compilers = all(&compiler, specs.compilers());
        let place = |list: &[String], text: &str| {
            list.binary_search_by(|known| known.as_str().cmp(text)).ok().and_then(|at| u32::try_from(at).ok())
        };
        let machines = (0..specs.machines()).map(|number| {
            let machine = specs.machine(number);
            (place(&systems, machine.os).unwrap_or(0), place(&targets, machine.target).unwrap_or(0))
        });
        let compiler_of = (0..specs.compilers()).map(|number| place(&compilers, &compiler(number)?));
        Self { machines: machines.collect(), compiler_of: compiler_of.collect(), systems, targets, compilers }
    }
}
