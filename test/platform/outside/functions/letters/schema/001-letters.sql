create table letters (note text not null, bytes bigint not null);
