# append, prepend, list_contains, list_remove, include

append x a; append x b; append x c ,; echo "$x"
#> a b,c

append x 'two words' ;append x '$(echo no) `echo no` "quoted" \back' '|'; printf '%s\n' "$x"
#> two words|$(echo no) `echo no` "quoted" \back

LIST_SEP=:; append x a; append x b; echo "$x"
#> a:b

append x a ''; append x b ''; echo "$x"
#> ab

prepend x a; prepend x b; prepend x c ,; echo "$x"
#> c,b a

prepend x "it's"; prepend x '"; echo no; "'; echo "$x"
#> "; echo no; " it's

x="one two three"; list_contains x two && ! list_contains x tw && ! list_contains x ''; echo $?
#> 0

x="one two"; list_contains x 't*'; echo $?; list_contains nothing a; echo $?; list_contains nothing ''; echo $?
#> 1
#> 1
#> 1

x="a b a ab a"; list_remove x a; echo "<$x>"
#> <b ab>

x="a b"; list_remove x c; list_remove x '*'; echo "<$x>"; list_remove x a; list_remove x b; echo "<$x>"
#> <a b>
#> <>

mkdir scripts; echo 'x=$x.one' >scripts/1.sh; echo 'x=$x.two' >scripts/2.sh; echo 'x=no' >scripts/3.txt
include "$PWD/scripts"; echo "$x"
#> .one.two

include "$PWD/nothing"; echo $?
#> 0
