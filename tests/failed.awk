# Reads what nextest wrote in JUnit's format and says, at the end of `make test`, which tests failed and in which words.
function plain(text) {
    gsub(/&apos;/, "\047", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&amp;/, "\\&", text)
    return text
}

/<testcase / {
    name = $0
    sub(/.*<testcase name="/, "", name)
    sub(/".*/, "", name)
}

/<failure[ >]/ {
    print "failed: " plain(name)
    telling = 1
    sub(/^ *<failure[^>]*>/, "")
}

telling {
    if (/stack backtrace:/) {
        telling = 0
        next
    }
    ended = sub(/<\/failure>.*/, "") || /<\/testcase>/
    if (!/<\/testcase>/ && $0 != "") print "    " plain($0)
    if (ended) telling = 0
}
