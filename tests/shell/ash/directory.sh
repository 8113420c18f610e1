# cd and pwd

mkdir d; cd d; rmdir ../d; cd .; echo $?; cd ..; echo $?
#! the kernel knows the way where the name is gone
#> 0
#> 0
