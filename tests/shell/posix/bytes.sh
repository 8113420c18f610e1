# bytes that are no text

b=$(printf '\377\376'); x="$b b"; set -- $x; echo $#; printf %s "$1" | od -An -tx1; case $x in ??' b') echo two;; esac; case $x in ["$b"]*) echo bracket;; esac; case $1 in *["${b#?}"]) echo end;; esac; echo ${#b}
#> 2
#>  ff fe
#> two
#> bracket
#> end
#> 2

lo=$(printf '\277') mid=$(printf '\300') hi=$(printf '\301'); case $mid in [$lo-$hi]) echo range;; esac; case $hi in [$lo-$mid]) echo no;; *) echo outside;; esac; case $mid in [!$lo$hi]) echo not;; esac; case $mid in [[:alpha:]]) echo no;; *) echo other;; esac
#> range
#> outside
#> not
#> other

b=$(printf '\377'); IFS=$b; x="a${b}b"; set -- $x; echo $# $1 $2; IFS=$(printf '\303'); x=$(printf 'a\303\244b'); set -- $x; echo $#; printf %s "$*" | od -An -tx1
#> 2 a b
#> 2
#>  61 c3 a4 62

b=$(printf '\377\376'); echo hi >"f$b"; for i in *; do printf %s "$i" | od -An -tx1; done; cat f*; cat f["$b"]?; p="f${b%?}*"; cat $p
#>  66 ff fe
#> hi
#> hi
#> hi

b=$(printf '\200\201'); f() { printf %s "$1" | od -An -tx1; }; f "$b"; eval "f '$b'"; eval "f $b"; eval "f \"$b\""; eval "f \\$b"; trap "f $b" USR1; kill -USR1 $$; eval "x=$b"; f "$x"
#>  80 81
#>  80 81
#>  80 81
#>  80 81
#>  80 81
#>  80 81
#>  80 81

b=$(printf '\201\202\203\204\205\206\207\210\211\001\002\177'); for i in "$b" $b "${b}" "${b#?}" ${b%?}; do printf %s "$i" | od -An -tx1; done; eval "echo '$b' $b \"$b\"" | od -An -tx1; cat <<X | od -An -tx1
$b
X
#>  81 82 83 84 85 86 87 88 89 01 02 7f
#>  81 82 83 84 85 86 87 88 89 01 02 7f
#>  81 82 83 84 85 86 87 88 89 01 02 7f
#>  82 83 84 85 86 87 88 89 01 02 7f
#>  81 82 83 84 85 86 87 88 89 01 02
#>  81 82 83 84 85 86 87 88 89 01 02 7f 20 81 82 83
#>  84 85 86 87 88 89 01 02 7f 20 81 82 83 84 85 86
#>  87 88 89 01 02 7f 0a
#>  81 82 83 84 85 86 87 88 89 01 02 7f 0a

X=$(printf '\377\376'); export X; sh -c 'printf %s "$X" | od -An -tx1'; sh -c 'printf %s "$1" | od -An -tx1' a "$X"; eval "cat <<E
$X
E" | od -An -tx1
#>  ff fe
#>  ff fe
#>  ff fe 0a

x=$(printf 'a\0b\0'); echo $x ${#x}; printf '\0' >z; x=$(cat z); echo "[$x]"; printf 'a\0b\n' | { read -r y; echo "${#y}"; }; printf 'a\377b\n' | { read -r y; printf %s "$y" | od -An -tx1; }
#> ab 2
#> []
#> 2
#>  61 ff 62

b=$(printf '\377') c=$(printf '\376'); [ "$b" = "$c" ]; echo $?; [ "$b" = "$b" ]; echo $?; [ -n "$b" ]; echo $?; x=$b$c$b; printf %s "${x#"$b"}" | od -An -tx1; printf %s "${x##*"$c"}" | od -An -tx1; printf %s "${x%%"$c"*}" | od -An -tx1
#> 1
#> 0
#> 0
#>  fe ff
#>  ff
#>  ff

printf '%c' "$(printf '\303\244')" | od -An -tx1; printf '%3s|%.1s|\n' "$(printf '\377')" "$(printf '\303\244')" | od -An -tx1; printf '%b' '\0377' | od -An -tx1
#>  c3
#>  20 20 ff 7c c3 7c 0a
#>  ff
