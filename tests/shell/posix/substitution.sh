# command substitution

a=$(false); echo $?; a=$(exit 3) b=1; echo $?
#> 1
#> 3

x=`echo \`echo nested\``; echo $x
#> nested

echo $(echo a; echo b) "$(echo a; echo b)"
#> a b a
#> b

echo $(echo "nested $(echo "deep")")
#> nested deep

x=$(printf 'a\n\n\n'); echo "[$x]"
#> [a]

x=$(echo a b); set -- $x; echo $#; set -- "$x"; echo $#
#> 2
#> 1

x=$(exit 4); echo $?; x=$(true); echo $?
#> 4
#> 0

echo "`echo "a b"`" `echo 'c  d'`
#> a b c d

echo "a `echo \"b\"` c"
#> a b c

set -- $(printf 'a\nb\nc\n'); echo $#
#> 3
