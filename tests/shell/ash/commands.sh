# simple commands, lists, pipelines, quoting

local x
#= 2

break; echo $?
#> 0

exec nope; echo
#= 127

echo -e "a\tb\x41\0101\101\c" z
#> a	bAAA

echo $'a\tb\x41\101'
#> a	bAA

a=(1)
#= 2

echo {a,b}
#> {a,b}

set -o nope; echo $?
#> 1

set -o pipefail; false | true; echo $?
#> 1

cd -Z; echo $?
#> 2

unset -Z; echo no
#= 2

getopts ab: o -c; echo $? $o $OPTARG
#> 0 ?

getopts :ab: o -c; echo $? $o $OPTARG
#> 0 ? c

getopts :ab: o -b; echo $? $o $OPTARG
#> 0 : b

{ exit 3; } | true; echo $?
#> 0

x="a  b"; echo $x "$x" '$x'
#> a b a  b $x

eval 'x="a b"'; echo "$x"
#> a b

y=x; eval "$y=5"; echo $x
#> 5

printf '%s\n' *.nomatch
#> *.nomatch

readonly q=1; q=2 true; echo no
#= 2

printf '%d\n' 0x1f 017 "'a"
#> 31
#> 15
#> 97

echo "a\
#= 2

b"
#= 2

echo $'\x55\n' "$'x'"
#> U
#>  $'x'

(set -o pipefail; true | true; echo $?)
#> 0
