# export, readonly, unset

x=1; x+=2; echo $x; x+=; echo $x; unset y; y+=a; echo $y; x='a b'; x+=' c'; echo "$x"; export x+=d; echo "$x"; f() { local z=1; z+=2; echo $z; }; f
#! busybox does not know +=
#> 12
#> 12
#> a
#> a b c
#> a b cd
#> 12

export x=1; export -n x; sh -c 'echo ${x-unset}'; echo $x; export -n y=5; sh -c 'echo ${y-unset}'; echo $y; export -n -- "A=b c"; echo "$A"; sh -c 'echo ${A-unset}'
#> unset
#> 1
#> unset
#> 5
#> b c
#> unset
