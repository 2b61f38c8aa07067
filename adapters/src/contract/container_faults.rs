//! Why an archive or a multipart body is refused.

use std::io;

macro_rules! faults {
    ($($(#[doc = $doc:literal])? $variant:ident = $code:literal, $message:literal, $fix:literal;)+) => {
        /// What is wrong with a container. No message repeats the name of a file inside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        pub enum ContainerFault { $($(#[doc = $doc])? #[error($message)] $variant),+ }

        impl ContainerFault {
            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// How the sender can put it right.
            pub fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),+ }
            }
        }
    };
}

faults! {
    Truncated = "truncated", "The archive ends before its end.", "Send the file again; it was cut short.";
    Damaged = "archive-damaged", "The archive is damaged, or contradicts itself.", "Make the archive again, and send it untouched.";
    Checksum = "archive-checksum", "A file in the archive fails its checksum.", "Make the archive again, and send it untouched.";
    Encrypted = "archive-encrypted", "The archive is encrypted.", "Make it without a password: the connection is encrypted, and so is what is put aside here.";
    Compression = "archive-compression", "A file in the archive is compressed in a way that is not read.", "Make the archive with Deflate, the usual way of ZIP.";
    Name = "archive-name", "A file in the archive has a name that leads out of it.", "Name the files by their table, in one plain folder or none.";
    Nested = "archive-nested", "There is an archive in the archive.", "Put the tables themselves in the archive, as CSV.";
    TooMany = "archive-entries", "There are too many files in the archive.", "Send one CSV file for each table, and nothing else.";
    /// It unpacks to more than real tables do: by the ratio of its sizes, or in all.
    Bomb = "archive-bomb", "The archive unpacks to more than real tables do.", "Send the tables alone; split what is larger by reporting period.";
    TransferEncoding = "part-encoding", "A part of the body has a transfer encoding.", "Send the parts as they are, without base64 or quoted-printable.";
}

impl From<ContainerFault> for io::Error {
    /// The reader of a file inside can only report an I/O error. [`super::refusal`] finds the fault in it again.
    fn from(fault: ContainerFault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}
