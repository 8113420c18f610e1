# printf

printf '%d\n' 12abc 2>/dev/null; echo $?; printf '%d\n' abc 2>/dev/null; echo $?
#! the digits in front of what is no number count by the standard
#> 12
#> 1
#> 0
#> 1

printf '%ld %lld %hd %jd %zd\n' 1 2 3 4 5
#! lengths of C are passed over, all of them
#> 1 2 3 4 5

printf '\a\b\f\v\t\\' | od -An -tx1; printf '\1\12\123\1234' | od -An -tx1; printf '\0\x41\x4\x414' | od -An -tx1; printf '\0101' | od -An -tx1
#>  07 08 0c 0b 09 5c
#>  01 0a 53 53 34
#>  00 41 04 41 34
#>  08 31

printf '%z' 2>/dev/null; echo $?; printf 2>/dev/null; echo $?; printf -- '%s\n' a; printf -- -x; echo; printf '-x\n'
#> 1
#> 2
#> a
#> -x
#> -x

printf '\q\n' ; printf '%s\n' '\q'; printf 'a\c b\n'; echo; printf '\'; echo; printf '%'; echo $?
#> \q
#> \q
#> a
#> \
#> 1

printf '%q\n' a 2>/dev/null; echo $?; printf -v x a 2>/dev/null; echo $?
#> 1
#> -v0

printf '%c' '' | od -An -tx1; printf '%b' '\0' | od -An -tx1; printf '%b' '\x41\u0041' ; echo
#>  00
#>  00
#> A\u0041

printf '%2$s %1$s|' a b c d; echo; printf '%1$s %1$05d %2$x|' 7 255; echo; printf '%3$s-%1$s\n' a b c; printf '%0$s' a; echo $?
#! there arguments have no numbers
#> b a|d c|
#> 7 00007 ff|
#> c-a
#> 1

printf '%d\n' 9223372036854775808 2>/dev/null; echo $?; printf '%u %x\n' 18446744073709551615 -1; echo $?; printf '<%.0d%.0x>\n' 0 0
#! there a number that is too great is printed as 0
#> 9223372036854775807
#> 1
#> 18446744073709551615 ffffffffffffffff
#> 0
#> <>
