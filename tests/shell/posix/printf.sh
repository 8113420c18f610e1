# printf

printf '[%s]\n'; printf '[%d]\n'; printf '%d %s|' 1 a 2; echo
#> []
#> [0]
#> 1 a|2 |

printf '%5b|%-5b|\n' 'a' 'b\tc'
#! busybox takes no width with %b
#>     a|b	c  |

printf '%d\n' 99999999999999999999 2>/dev/null; echo $?; printf '%u\n' -1; printf '%x\n' -1
#! busybox prints 0 for a number that is too large
#> 9223372036854775807
#> 1
#> 18446744073709551615
#> ffffffffffffffff

printf '%c%c' '' abc | od -An -tx1; printf '%c' | od -An -tx1
#>  00 61
#>  00

printf '%d %i %u\n' 10 -5 7; printf '%x %X %o %#x %#o\n' 255 255 8 255 8; printf '%5d|%-5d|%05d|%+d|% d\n' 42 42 42 42 42
#> 10 -5 7
#> ff FF 10 0xff 010
#>    42|42   |00042|+42| 42

printf '%*d|%-*d|%.*s|\n' 5 42 5 42 2 abc; printf '%*d|\n' -5 42
#>    42|42   |ab|
#> 42   |

printf '%%|%5%|%c' x 2>/dev/null; echo; printf '%d\n' 0x1f 010 -0x10 +5 "'A" '"B'
#> %|
#> 31
#> 8
#> -16
#> 5
#> 65
#> 66

printf '%d %s\n' 1 a 2 b 3; printf '%s-%s\n' a b c d e
#> 1 a
#> 2 b
#> 3 
#> a-b
#> c-d
#> e-

printf '%f %.2f %e %g\n' 1.5 2.345 1000 0.0001; printf '%5.1f|%-8.2f|%08.3f\n' 3.14159 2.5 1.5; printf '%G %E\n' 1e10 1.5
#> 1.500000 2.35 1.000000e+03 0.0001
#>   3.1|2.50    |0001.500
#> 1E+10 1.500000E+00

printf '%s\n' "a b" 'c\nd'; printf 'a\
b\n'; printf "%s\t%s\n" a b
#> a b
#> c\nd
#> a\
#> b
#> a	b

printf '%s %d\n' a 1 b; printf '%d' ''; echo; printf '%s%b\n' 'a\t' 'b\t' | cat -A
#> a 1
#> b 0
#> 0
#> a\tb^I$

printf '%.0s|%.s|%.10s\n' abc abc abc; printf '%-10.3s|\n' abcdef; printf '%010d|%-010d|\n' -42 42; printf '%.5d|%8.5d\n' 42 42; printf '%+.3d\n' 5
#> ||abc
#> abc       |
#> -000000042|42        |
#> 00042|   00042
#> +005
