# $'...'

printf %s $'\e[0m' $'\cA' | od -An -tx1
#! \e, \u and \c are of the standard of 2024
#>  1b 5b 30 6d 01

x=$'a\tb\nc'; echo "$x"; echo $'a\'b' $'\\' $'\x41\x4' $'\101\60' | od -An -c; echo $'a''b'$'c' "$'x'" a$'\t'b; case $'\t' in $'\t') echo tab;; esac; echo $'\z'
#> a	b
#> c
#>    a   '   b       \       A 004       A   0  \n
#> abc $'x' a	b
#> tab
#> \z

x='a"b'; echo "${x//\"/_}" ${x//\"/_} "${x//'"'/_}"; x="it's"; echo "${x//\'/_}" ${x//\'/_} ${x//"'"/_}; x='$a'; echo "${x//\$/_}" ${x//'$'/_}; x='a}b'; echo "${x//\}/_}" ${x//'}'/_}
#> a_b a_b a_b
#> it_s it_s it_s
#> _a _a
#> a_b a_b

echo $'\x55\xAA' | od -An -tx1; printf "$'\1'" | od -An -tx1; x=$'a b'; set -- $x; echo $#; set -- $'a b'; echo $#; cat <<E
$'a\tb'
E
#>  55 aa 0a
#>  24 27 01 27
#> 2
#> 1
#> $'a\tb'

printf %s $'\c\\x\c?\c[\cZ\e\"\?' | od -An -tx1
#! there \c, \e and \? are unknown
#>  1c 78 7f 1b 1a 1b 22 3f
