"""How fast may be sent: token buckets by key and by address, in this process or shared by all."""
