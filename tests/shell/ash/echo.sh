# echo

echo -n a; echo b; echo -n; echo -e 'a\tb\nc'; echo -E 'a\tb'; echo -ne 'x\n'; echo -en 'y\n'; echo -nn a; echo; echo -nx; echo - a; echo -- a
#> ab
#> a	b
#> c
#> a\tb
#> x
#> y
#> a
#> -nx
#> - a
#> -- a

echo 'a\nb' "c\td"; echo a  b   c; echo ''; echo '' ''; echo -n ''; echo "-n"; echo '-n' b; echo a -n
#> a\nb c\td
#> a b c
#>
#>  
#> ba -n
