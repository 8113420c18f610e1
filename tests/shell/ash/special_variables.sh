# variables the shell keeps

echo $LINENO
echo $LINENO
f() {
echo $LINENO
}
f
echo $LINENO
#! the first line is line 1
#> 1
#> 2
#> 4
#> 7
