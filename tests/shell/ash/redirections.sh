# redirections

source ./r2.sh 2>/dev/null; echo no
#= 2

echo a > "f 10"; cat "f 10"
#> a

test "a" "<" "b"; echo $?
#> 0

echo 'a' 'b' > /dev/null; echo $?
#> 0
