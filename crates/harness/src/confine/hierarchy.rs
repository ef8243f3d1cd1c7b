//! Where this process stands in the hierarchies of cgroups that the system has mounted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folders of this process's own cgroups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// In the unified hierarchy (version 2).
    pub(super) unified: Option<PathBuf>,
    /// In the hierarchies of version 1, by controller.
    pub(super) legacy: BTreeMap<String, PathBuf>,
}

/// Reads it from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`, see cgroups(7) and proc(5).
pub(super) fn standing(cgroups: &str, mounts: &str) -> Standing {
    let mounts: Vec<Mount> = mounts.lines().filter_map(Mount::parse).collect();
    let mut standing = Standing::default();
    for line in cgroups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(id), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if id == "0" {
            standing.unified = mounts.iter().filter(|m| m.is_unified).find_map(|m| m.folder(path));
        }
        for controller in controllers.split(',').filter(|name| !name.is_empty()) {
            let has_it = |mount: &&Mount| {
                !mount.is_unified && mount.options.iter().any(|option| option == controller)
            };
            if let Some(folder) = mounts.iter().filter(has_it).find_map(|m| m.folder(path)) {
                standing.legacy.insert(controller.to_owned(), folder);
            }
        }
    }
    standing
}

/// A mounted hierarchy.
struct Mount {
    /// The cgroup that is seen at the mount point.
    root: PathBuf,
    point: PathBuf,
    is_unified: bool,
    /// Its options, among them the names of its controllers.
    options: Vec<String>,
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3).map(unescaped);
        let (root, point) = (mount.next()?.into(), mount.next()?.into());
        let mut filesystem = filesystem.split(' ');
        let is_unified = match filesystem.next()? {
            "cgroup2" => true,
            "cgroup" => false,
            _ => return None,
        };
        let options = filesystem.nth(1).unwrap_or_default().split(',').map(str::to_owned).collect();
        Some(Self { root, point, is_unified, options })
    }

    /// The folder of a cgroup, if it can be seen from here.
    fn folder(&self, cgroup: &str) -> Option<PathBuf> {
        let below = Path::new(cgroup).strip_prefix(&self.root).ok()?;
        // Outside of its namespace a cgroup is called `/..`.
        let is_seen =
            below.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        is_seen.then(|| self.point.components().chain(below.components()).collect())
    }
}

/// A path as the kernel writes it: blanks and backslashes as three octal digits.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unified_systems_have_one_folder() {
        let mounts = "24 30 0:22 / /proc rw - proc proc rw\n\
                      29 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = standing("0::/user.slice/user-1.slice/run-7.scope\n", mounts);
        let folder = PathBuf::from("/sys/fs/cgroup/user.slice/user-1.slice/run-7.scope");
        assert_eq!(found, Standing { unified: Some(folder), legacy: BTreeMap::new() });
    }

    #[test]
    fn hybrid_systems_have_one_for_each_controller() {
        let mounts = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let found = standing("4:memory:/job/1\n2:cpu,cpuacct:/\n9:name=systemd:/x\n0::/\n", mounts);
        assert_eq!(found.unified.as_deref(), Some(Path::new("/sys/fs/cgroup/unified")));
        assert_eq!(found.legacy["memory"], Path::new("/sys/fs/cgroup/memory/job/1"));
        assert_eq!(found.legacy["cpuacct"], Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(found.legacy.len(), 3);
    }

    #[test]
    fn in_containers_the_root_of_the_mount_is_left_out() {
        let mount = "1 2 0:1 /docker/ab /sys/fs/my\\040group rw - cgroup cgroup rw,memory\n";
        let found = standing("4:memory:/docker/ab/c\n", mount);
        assert_eq!(found.legacy["memory"], Path::new("/sys/fs/my group/c"));
        for elsewhere in ["4:memory:/docker/xy\n", "4:memory:/docker/ab/../..\n", "4:memory\n"] {
            assert_eq!(standing(elsewhere, mount), Standing::default(), "{elsewhere}");
        }
    }
}
