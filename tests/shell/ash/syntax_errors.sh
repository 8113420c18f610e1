# what is no program

! ! true; echo $?; ! ! false; echo $?
#! two of them are fine in other shells
#> 0
#> 1
