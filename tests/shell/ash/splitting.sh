# field splitting

f() { local IFS=:; set -- $1; echo $#; }; f a:b:c; x="a b"; set -- $x; echo $#
#> 3
#> 2

IFS=; v="a b"; set -- $v; echo $#
#> 1
