//! The words that are built in.

/// The words that are used where nobody gave others: of mails, of mails about a lock, of other messages, of calls.
pub(super) const ENGLISH: [(&str, &str); 4] = [
    (
        "english.txt",
        "Subject: {{ code }} is your {{ app }} code

{{ code }} is your {{ app }} code.

{% if minutes > 1 %}It works for {{ minutes }} minutes{% else %}It works for a minute at most{% endif %}, once. Do not pass it on: \
nobody from {{ app }} will ask you for it.

If you did not ask for this code, you need not do anything.
",
    ),
    (
        "english-locked.txt",
        "Subject: Too many wrong codes for {{ app }}

Somebody typed too many wrong codes for your {{ app }} account. For {{ minutes }} minutes no code will be accepted, and the \
last one that you got is void.

If it was you, ask for a new code after that. If it was not, nobody got in; you need not do anything.
",
    ),
    ("english-text.txt", "{{ code }} is your {{ app }} code. Do not pass it on."),
    ("english-call.txt", "Your {{ app }} code is: {{ code|spoken }}. Once more: {{ code|spoken }}."),
];
