//! Values that are secret, or somebody's: nothing of them is printed by accident.

/// Makes of a type one that shows its name, and nothing that it holds, wherever it is printed for debugging.
macro_rules! opaque {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}

pub(crate) use opaque;
