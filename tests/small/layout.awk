# A linker's map, then the emulator's log of translated code (-d in_asm): prints a pattern of a
# linker script for each input section of which something ran. `begin` is the entry point of
# the program; what ran before it is the boot stage of the lab, another program.

function value(hex,   at, number) {
    for (at = 1; at <= length(hex); at++)
        number = number * 16 + index("0123456789abcdef", substr(hex, at, 1)) - 1
    return number
}

FNR == 1 { part++ }

# A line of the map: address, load address, size, alignment, FILE:(SECTION).
part == 1 && match($0, /:\(\.text[^)]*\)$/) && $3 != "0" {
    section = substr($0, RSTART + 2, RLENGTH - 3)
    file = $5
    sub(/:\(.*/, "", file)
    if (file ~ /\)$/) {
        # A member of a library.
        sub(/.*\//, "", file)
        sub(/\(/, ":", file)
        sub(/\)$/, "", file)
        file = "*" file
    } else if (section == ".text") {
        next
    } else {
        file = "*"
    }
    count++
    exact[count] = "        " file "(" section ")"
    # The hash of a name, the compiler's own numbers and the hash of a crate change.
    sub(/17h[0-9a-f]+E/, "17h*E", section)
    sub(/\.[0-9]+$/, "*", section)
    gsub(/Cs[0-9A-Za-z]+_/, "Cs*_", section)
    first[count] = value($1)
    after[count] = first[count] + value($3)
    pattern[count] = "        " file "(" section ")"
    all[pattern[count]] += value($3)
}

# `IN:` begins a stretch of code; its first address tells where it is.
part == 2 && /^IN:/ { fresh = 1 }
part == 2 && /^0x/ && fresh {
    fresh = 0
    address = value(substr($1, 3, length($1) - 3))
    if (address == begin) started = 1
    if (!started) next
    low = 1
    high = count
    while (low < high) {
        middle = int((low + high + 1) / 2)
        if (first[middle] <= address) low = middle
        else high = middle - 1
    }
    if (address < after[low] && !(low in ran)) {
        ran[low] = 1
        hot[pattern[low]] += after[low] - first[low]
    }
}

# One name stands for all types that a function was compiled for. Where the others are more
# than a little, the pattern keeps its hash, until the next compiler.
END {
    for (at in ran)
        print (all[pattern[at]] > 2 * hot[pattern[at]] ? exact[at] : pattern[at])
}
