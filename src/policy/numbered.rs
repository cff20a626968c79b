//! Enums whose values have a number each, in functions and what is packed, and a word, in events, metrics and answers.

/// Makes such an enum of rows `Value = number, "word";`.
macro_rules! numbered {
    ($(#[$of:meta])* enum $type:ident; $($(#[$doc:meta])* $name:ident = $number:literal, $label:literal;)*) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $type { $($(#[$doc])* $name = $number,)* }

        impl $type {
            /// Every one, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The one with this number, `None` if a newer version gave one that is not known here.
            pub fn from_number(number: impl Into<i64>) -> Option<Self> {
                match number.into() { $($number => Some(Self::$name),)* _ => None }
            }

            /// The one that [`Self::label`] names so.
            pub fn from_label(label: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.label() == label)
            }

            /// The word for it: `[a-z_.]+`.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.label())
            }
        }
    };
}

pub(crate) use numbered;
