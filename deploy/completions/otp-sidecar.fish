# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_otp_sidecar_global_optspecs
    string join \n h/help V/version
end

function __fish_otp_sidecar_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_otp_sidecar_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_otp_sidecar_using_subcommand
    set -l cmd (__fish_otp_sidecar_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -s V -l version -d 'Print version'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "serve" -d 'Serve both listeners until told to stop'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "check-config" -d 'Check the environment and print what is in force, secrets redacted'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "deliver" -d 'Send a sample code by a channel, with the environment of `serve`, and print what the provider says'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "keygen" -d 'Print fresh secrets as lines for the environment'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "locks" -d 'List who is locked or disabled'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "unlock" -d 'End a lock, a hard stop or a network\'s block'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "lock" -d 'Lock a user by hand'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "inspect" -d 'Show all that is held of a user, why they are blocked and what would end it'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "export" -d 'Print all that is held of a user, and nothing of anybody else'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "erase" -d 'Destroy what is known of a user; locks and quotas stay'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "stats" -d 'Show live codes, locks and what happened in the last hour and day, over all sidecars'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "events" -d 'Show the newest events, over all sidecars'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "report" -d 'Print a review in Markdown: figures of a sidecar, or all that audit trails tell'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "healthcheck" -d 'Ask the admin listener whether calls can be decided: 0 yes, 1 no, 69 no answer'
complete -c otp-sidecar -n "__fish_otp_sidecar_needs_command" -f -a "audit" -d 'Check audit trails, or print the key to check them with'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand serve" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand check-config" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand check-config" -l connect -d 'Also ask the store, where nothing is changed: exit 64 if it must not be used, 69 if it cannot be reached'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand deliver" -l tenant -d 'Whose templates: a tenant of OTP_API_KEYS' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand deliver" -l purpose -d 'What for' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand deliver" -l locale -d 'In which language' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand deliver" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand keygen" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand locks" -l limit -d 'How many to list' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand locks" -l cursor -d 'Go on where an earlier list ended' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand locks" -l all -d 'List all of them'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand locks" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand locks" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l tenant -d 'Whose user it is; may be left out where there is but one tenant' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l ref -d 'The user as events name them: 32 hexadecimal digits, instead of SUBJECT' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l ip -d 'Forget the failures of this address\'s network' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l reason -d 'Why, for the audit trail' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l all -d 'Unlock whoever is locked or disabled now'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l sends -d 'End pauses and quotas of sends as well'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -s y -l yes -d 'Do not ask'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand unlock" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -l tenant -d 'Whose user it is; may be left out where there is but one tenant' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -l ref -d 'The user as events name them: 32 hexadecimal digits, instead of SUBJECT' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -l minutes -d 'For how long, 1 to 57600 (40 days)' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -l reason -d 'Why, for the audit trail' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -s y -l yes -d 'Do not ask'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand lock" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -l tenant -d 'Whose user it is; may be left out where there is but one tenant' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -l ref -d 'The user as events name them: 32 hexadecimal digits, instead of SUBJECT' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -l purpose -d 'Whose pause and quota are told [default: login]' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -l ip -d 'Look at this address\'s network as well' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand export" -l tenant -d 'Whose user it is; may be left out where there is but one tenant' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand export" -l ref -d 'The user as events name them: 32 hexadecimal digits, instead of SUBJECT' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand export" -l reason -d 'Why, for the audit trail' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand export" -l json -d 'As ever: it is always one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand export" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -l tenant -d 'Whose user it is; may be left out where there is but one tenant' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -l ref -d 'The user as events name them: 32 hexadecimal digits, instead of SUBJECT' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -l reason -d 'Why, for the audit trail' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -s y -l yes -d 'Do not ask'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand erase" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand stats" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand stats" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -l type -d 'Only these types, separated by commas (lockout,admin.unlock)' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -l limit -d 'How many' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -l since -d 'Only those of the last so long (10m, 2h, 1d)' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -s f -l follow -d 'Go on showing those that come, until interrupted'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -l json -d 'Print one JSON object; with --follow one for each event, line by line'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand events" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -l since -d 'Since when: 30d, 12h, or an instant such as 2026-01-31T00:00:00Z' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -l until -d 'Of trails: until when [default: now]' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -l public-key -d 'Of trails: the public key, in base64 or in a file (PEM)' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -l html -d 'Print a page to be kept or printed, with the trend drawn'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -l json -d 'Print the figures as one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand report" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand healthcheck" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and not __fish_seen_subcommand_from verify key" -s h -l help -d 'Print help'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and not __fish_seen_subcommand_from verify key" -f -a "verify" -d 'Check whether trails are as they were written: exit 0, or 10 to 18 for what is wrong'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and not __fish_seen_subcommand_from verify key" -f -a "key" -d 'Print the public key that checks the signatures of trails (PEM)'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from verify" -l public-key -d 'The public key, in base64 or in a file (PEM)' -r
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from verify" -l checkpoints -d 'Checkpoints that were kept elsewhere, to hold them against the trails: OTP_AUDIT_CHECKPOINT_DIR, or what was printed with OTP_AUDIT_SINK=dir,stdout' -r -F
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from verify" -l against-store -d 'Ask the store of REDIS_URL up to where events were written out, so that a trail that was taken away is missed'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from verify" -l json -d 'Print one JSON object'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otp-sidecar -n "__fish_otp_sidecar_using_subcommand audit; and __fish_seen_subcommand_from key" -s h -l help -d 'Print help'
