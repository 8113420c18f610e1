# [[ ]]

[[ abc == "a*" ]]; echo $?; x='*'; [[ a == "$x" ]]; echo $?; [[ a == $x ]]; echo $?; [[ ab == a\* ]]; echo $?; [[ 'a*' == a\* ]]; echo $?
#! quoted pattern characters are no pattern; busybox overlooks the quotes
#> 1
#> 1
#> 0
#> 1
#> 0

[[ ( a == a ) ]]; echo $?; [[ ( a == b || c == c ) && -n d ]]; echo $?; [[ ! ( a == b ) ]]; echo $?
#! parentheses group here; busybox takes them for a subshell
#> 0
#> 0
#> 0

[[ $nope == "" ]]; echo $?; [[ -z $nope ]]; echo $?; [[ -n $nope ]]; echo $?; [[ $nope ]]; echo $?
#! what is not set is empty and no missing operand
#> 0
#> 0
#> 1
#> 1

[[ a -a b ]]; echo $?; [[ "" -o b ]]; echo $?; [[ "" -a b ]]; echo $?
#! -a and -o work as in test
#> 0
#> 0
#> 1

echo before; [[ a == a; echo no
#! an open one is found before anything runs
#= 2

[[ ; echo no
#! an open one is found before anything runs
#= 2

[[ a == a ]]; echo $?; [[ a = b ]]; echo $?; [[ abc == a* ]]; echo $?; [[ abc != x* ]]; echo $?; [[ -n a ]]; echo $?; [[ -z "" ]]; echo $?; [[ a ]]; echo $?; [[ "" ]]; echo $?; [[ ! a ]]; echo $?
#> 0
#> 1
#> 0
#> 0
#> 0
#> 0
#> 0
#> 1
#> 1

[[ 1 -lt 2 ]]; echo $?; [[ -f /etc/passwd ]]; echo $?; [[ -d / && -e /etc ]]; echo $?; [[ a == b || c == c ]]; echo $?; [[ ! a == b ]]; echo $?; x='a b'; [[ $x == 'a b' ]]; echo $?; [[ $x ]]; echo $?; [[ -n $x && $x == a* ]]; echo $?
#! words are not split here; busybox splits them after ! or &&
#> 0
#> 0
#> 0
#> 0
#> 0
#> 0
#> 0
#> 0

[[ a == [ab] ]]; echo $?; [[ b == ? ]]; echo $?; [[ 'a]' == *] ]]; echo $?; [[ abc == *b* ]]; echo $?; [[ * == '*' ]]; echo $?
#> 0
#> 0
#> 0
#> 0
#> 0

[[ abc =~ b ]]; echo $?; [[ abc =~ ^a.c$ ]]; echo $?; [[ abc =~ ^b ]]; echo $?; [[ 123 =~ ^[0-9]+$ ]]; echo $?; r='^a'; [[ abc =~ $r ]]; echo $?; [[ a.c =~ "a\.c" ]]; echo $?; [[ "a b" =~ ' ' ]]; echo $?
#> 0
#> 0
#> 1
#> 0
#> 0
#> 0
#> 0

[[ abc =~ a"."c ]]; echo $?; r='^[a-c]+$'; [[ abc =~ $r ]]; echo $?; [[ abc =~ "$r" ]]; echo $?; [[ abc =~ '^a(b|x)c$' ]]; echo $?; [[ abc =~ "a\.c" ]]; echo $?; [[ 'x$' =~ 'x\$$' ]]; echo $?
#> 0
#> 0
#> 0
#> 0
#> 1
#> 0

[[ abc =~ a\.c ]]; echo $?; [[ a.c =~ a\.c ]]; echo $?; [[ 'a(b' =~ a\(b ]]; echo $?; [[ 'a b' =~ ^a\ b$ ]]; echo $?; [[ 'a|b' =~ ^a\|b$ ]]; echo $?
#! there a backslash outside of quotes is lost
#> 1
#> 0
#> 0
#> 0
#> 0

[[ abc =~ ^(a|b)(b|c) && xy =~ ^(x y|xy)$ ]]; echo $?; [[ ( b =~ a|b ) && c =~ (a|b)||c == c ]]; echo $?; [[ 192.168.1.1 =~ ^([0-9]{1,3}\.){3}[0-9]+$ ]]; echo $?; x=b; [[ ab =~ (^|a)$x$ ]]; echo $?; [[ a =~ ~ || ( '}' =~ } ) ]]; echo $?
#! there parentheses are syntax errors
#> 0
#> 0
#> 0
#> 0
#> 0
