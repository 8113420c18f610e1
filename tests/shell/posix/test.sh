# test and [

[ ! a -o b ]; echo $?; [ ! '' -o '' ]; echo $?; [ ! a -a b ]; echo $?
#! busybox binds ! weaker than -o
#> 1
#> 0
#> 1

test; echo $?; test a; echo $?; test ''; echo $?; test ! a; echo $?; test ! ''; echo $?; test a = a; echo $?; test a != a; echo $?; test ! a = b; echo $?
#> 1
#> 0
#> 1
#> 1
#> 0
#> 0
#> 1
#> 0

[ -n a ]; echo $?; [ -z a ]; echo $?; [ -n ]; echo $?; [ -z ]; echo $?; [ ! ]; echo $?; [ = ]; echo $?; [ -f = ]; echo $?; [ ! = ! ]; echo $?; [ ! -n ]; echo $?; [ -n = -n ]; echo $?; [ '(' = ')' ]; echo $?
#> 0
#> 1
#> 0
#> 0
#> 0
#> 0
#> 1
#> 0
#> 1
#> 0
#> 1

[ 1 -eq 1 ]; echo $?; [ 1 -ne 1 ]; echo $?; [ 1 -lt 2 -a 2 -gt 1 ]; echo $?; [ 1 -le 1 -a 1 -ge 2 ]; echo $?; [ -1 -lt 0 ]; echo $?; [ ' 1 ' -eq 1 ]; echo $?; [ 010 -eq 10 ]; echo $?; [ 0x10 -eq 16 ] 2>/dev/null; echo $?; [ a -eq 1 ] 2>/dev/null; echo $?; [ '' -eq 0 ] 2>/dev/null; echo $?
#> 0
#> 1
#> 0
#> 1
#> 0
#> 0
#> 0
#> 2
#> 2
#> 2

[ a = a -o b = c ]; echo $?; [ a = b -a b = b -o c = c ]; echo $?; [ ! a = b -a a = a ]; echo $?; [ '(' a = b ')' ]; echo $?; [ ! '(' a = b ')' ]; echo $?; [ '(' a = a -o b = c ')' -a c = c ]; echo $?
#> 0
#> 0
#> 0
#> 1
#> 0
#> 0

touch f; mkdir d; ln -s f l; ln -s nope dl; : >e; echo x >s; [ -e f ]; echo $?; [ -f d ]; echo $?; [ -d d ]; echo $?; [ -h l ]; echo $?; [ -L f ]; echo $?; [ -e dl ]; echo $?; [ -s e ]; echo $?; [ -s s ]; echo $?; [ -r f ]; echo $?; [ -w f ]; echo $?; [ -x f ]; echo $?; [ -x d ]; echo $?
#> 0
#> 1
#> 0
#> 0
#> 1
#> 1
#> 1
#> 0
#> 0
#> 0
#> 1
#> 0

[ a = b c ] 2>/dev/null; echo $?; [ a b ] 2>/dev/null; echo $?; [ a 2>/dev/null; echo $?; [ -Q a ] 2>/dev/null; echo $?; [ a -foo b ] 2>/dev/null; echo $?; [ 1 -eq ] 2>/dev/null; echo $?; test -e; echo $?; [ ] ; echo $?
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 0
#> 1

[ 9223372036854775807 -gt 1 ]; echo $?; [ 99999999999999999999 -gt 1 ] 2>/dev/null; echo $?; [ +5 -eq 5 ]; echo $?; [ 5. -eq 5 ] 2>/dev/null; echo $?
#> 0
#> 2
#> 0
#> 2
