# test and [

>f; [ f -nt nope ]; echo $?; [ nope -ot f ]; echo $?; [ nope -nt f ]; echo $?; [ nope -nt nope ]; echo $?
#! POSIX says since 2024 that what exists is newer than what does not
#> 0
#> 0
#> 1
#> 1

[ a '<' b ]; echo $?; [ b '>' a ]; echo $?; [ a == a ]; echo $?; [ abc = a* ]; echo $?; [ "$nope" = "" ]; echo $?; [ -n "$nope" -o -z "" ]; echo $?; [ x"$nope" = x ]; echo $?; [ -a f ] 2>/dev/null; echo $?
#> 0
#> 0
#> 0
#> 1
#> 0
#> 0
#> 0
#> 2
