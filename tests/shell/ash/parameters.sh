# parameter expansion

echo ${x^^}
#= 2

x=abcabc; echo ${x/#a/X} ${x/%c/X} ${x//b} ${x/b} ${x/a/x} ${x//[ab]/-}
#> abcabc abcabc acac acabc xbcabc --c--c

x="a/b/c"; echo ${x//\//-} "${x//[a-b]/"Z"}"
#> a-b-c Z/Z/c

f() { local x=1; g; echo $x; }; g() { x=2; }; f; echo ${x-unset}
#> 2
#> unset

echo "${x:-'q'}" ${x:-'q'}
#> 'q' q

echo ${1-a} ${1:-b} "${2-}" $#
#> a b  0

x=1; unset x; echo ${x-gone}
#> gone

printf '%s\n' ${x:0:0}end
#> end

set -- a b; echo ${@: -1}
#> b

x=a.b.c; echo ${x//./-} ${x/./-} "${x//./}"
#> a-b-c a-b.c abc

mac=00:11:22; echo ${mac//:/} ${mac//[!0-9]/}
#> 001122 001122

local_test() { local a b=2 c="$(echo 3)"; echo "${a-unset} $b $c"; }; local_test
#> unset 2 3

echo "${1:+$1 }end"
#> end

: ${x:=a b}; command : >/nope/x; echo $?; command exec >/nope/x; echo $?; command eval '('; echo $?; command . /nope/x; echo $?; : >/nope/x; echo no
#> 1
#> 1
#> 2
#> 2
#= 1
