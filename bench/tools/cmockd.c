// cmockd: low-CPU, precisely paced mock OpenAI backend (C, epoll, one thread, absolute deadlines). Loopback only.
// cc -O2 -o cmockd cmockd.c ; ./cmockd [port=18110] [bindaddr=127.0.0.1]
// POST /v1/chat/completions   model "mock-NxDms" (N tokens, D ms apart; D may be fractional: 2.5ms; "mock-Nx0ms" = all tokens at once, 1 write per 16KB)
//   also understands "mock-NxDms-tT" = first token after T ms.  GET anything -> /v1/models list.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <errno.h>
#include <time.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
typedef unsigned long long u64;
static u64 now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000000ull+t.tv_nsec;}
typedef struct C{int fd,streaming,hp,usage,nonstream,dead,close_;char*in;size_t n,cap;char*out;size_t on,ocap,ooff;int i,N;double D;char model[128];u64 due;}C;
static C**heap;static int hn,hcap;static int ep;static long served;
static void sw(int a,int b){C*t=heap[a];heap[a]=heap[b];heap[b]=t;heap[a]->hp=a;heap[b]->hp=b;}
static void up(int i){while(i&&heap[(i-1)/2]->due>heap[i]->due){sw(i,(i-1)/2);i=(i-1)/2;}}
static void dn(int i){for(;;){int m=i,l=2*i+1;if(l<hn&&heap[l]->due<heap[m]->due)m=l;if(l+1<hn&&heap[l+1]->due<heap[m]->due)m=l+1;if(m==i)return;sw(i,m);i=m;}}
static void hadd(C*c){if(hn==hcap){hcap=hcap?hcap*2:256;heap=realloc(heap,hcap*sizeof*heap);}c->hp=hn;heap[hn++]=c;up(c->hp);}
static void hdel(C*c){if(c->hp<0)return;int i=c->hp;sw(i,--hn);c->hp=-1;if(i<hn){up(i);dn(i);}}
static void put(C*c,const char*s,size_t n){if(c->on+n>c->ocap){c->ocap=(c->on+n)*2+4096;c->out=realloc(c->out,c->ocap);}memcpy(c->out+c->on,s,n);c->on+=n;}
static void ev(C*c,const char*s,int n){char h[16];put(c,h,sprintf(h,"%x\r\n",n));put(c,s,n);put(c,"\r\n",2);}
static void process(C*c);
static void fl(C*c){while(c->ooff<c->on){ssize_t k=write(c->fd,c->out+c->ooff,c->on-c->ooff);if(k<0){struct epoll_event e={.events=EPOLLIN|EPOLLOUT,.data.ptr=c};if(errno==EAGAIN)epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e);else c->dead=1;return;}c->ooff+=k;}if(c->on){c->on=c->ooff=0;}}
static void tokn(C*c){char b[512];int n=sprintf(b,"data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"%s\",\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"tok%d \"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",c->model,c->i++);ev(c,b,n);}
static void endstream(C*c){char b[600];int n=sprintf(b,"data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n",c->model);ev(c,b,n);
 if(c->usage){n=sprintf(b,"data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"%s\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n",c->model,c->N,c->N+9);ev(c,b,n);}
 ev(c,"data: [DONE]\n\n",14);put(c,"0\r\n\r\n",5);c->streaming=0;fl(c);process(c);}
static void json(C*c,const char*b,size_t n){char h[256];put(c,h,sprintf(h,"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",n));put(c,b,n);fl(c);}
static void plain(C*c){static __thread char*b;static size_t bc;if(bc<(size_t)c->N*12+1024){bc=c->N*12+1024;b=realloc(b,bc);}size_t n=sprintf(b,"{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"%s\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",c->model);for(int i=0;i<c->N;i++)n+=sprintf(b+n,"tok%d ",i);n+=sprintf(b+n,"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d,\"total_tokens\":%d},\"system_fingerprint\":\"fp_mock\"}",c->N,c->N+9);json(c,b,n);}
static void process(C*c){for(;;){if(c->dead||c->streaming||c->hp>=0||!c->n)return;c->in[c->n]=0;char*e=strstr(c->in,"\r\n\r\n");if(!e)return;size_t hl=e-c->in+4,bl=0;*e=0;char*x=strcasestr(c->in,"\r\ncontent-length:");int chunked=strcasestr(c->in,"transfer-encoding: chunked")!=0;int expect=strcasestr(c->in,"expect: 100-continue")!=0;*e='\r';
  if(x){bl=strtoul(x+17,0,10);if(c->n<hl+bl)return;}else if(chunked){char*z=memmem(c->in+hl,c->n-hl,"0\r\n\r\n",5);/* fixed bodies: JSON has no such bytes */if(!z)return;bl=z+5-(c->in+hl);}
  (void)expect;served++;char*b=c->in+hl;char sv=b[bl];b[bl]=0;int post=c->in[0]=='P',chat=strstr(c->in,"/chat/completions")&&strstr(c->in,"/chat/completions")<e;
  if(post&&chat){c->N=16;c->D=0;double T=-1;strcpy(c->model,"mock-16x0ms");char*m=strstr(b,"\"model\"");if(m&&(m=strchr(m+7,'"'))){char*q=strchr(m+1,'"');if(q&&q-m<120){memcpy(c->model,m+1,q-m-1);c->model[q-m-1]=0;char*k=strstr(c->model,"mock-");if(k){c->N=atoi(k+5);char*xx=strchr(k+5,'x');if(xx)c->D=atof(xx+1);char*tt=strstr(k,"-t");if(tt)T=atof(tt+2);}}}
   char*s=strstr(b,"\"stream\"");int st=0;if(s){s+=8;while(*s==' '||*s==':')s++;st=*s=='t';}c->usage=strstr(b,"\"include_usage\"")!=0;if(T<0)T=c->D;
   memmove(c->in,c->in+hl+bl,c->n-hl-bl+(0*(b[bl]=sv)));c->n-=hl+bl;c->i=0;
   if(!st){if(c->D*c->N>0){c->nonstream=1;c->due=now()+(u64)((T+c->D*(c->N-1))*1e6);hadd(c);}else plain(c);continue;}
   put(c,"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n",120);
   char f[512];int n=sprintf(f,"data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",c->model);ev(c,f,n);c->streaming=1;c->nonstream=0;
   if(c->D<=0&&T<=0){while(c->i<c->N){tokn(c);if(c->on>16384)fl(c);}endstream(c);return;}
   fl(c);c->due=now()+(u64)(T*1e6);hadd(c);return;}
  memmove(c->in,c->in+hl+bl,c->n-hl-bl+(0*(b[bl]=sv)));c->n-=hl+bl;
  static const char ml[]="{\"object\":\"list\",\"data\":[{\"id\":\"mock-16x0ms\",\"object\":\"model\",\"created\":1,\"owned_by\":\"mock\"},{\"id\":\"mock-200x5ms\",\"object\":\"model\",\"created\":1,\"owned_by\":\"mock\"},{\"id\":\"mock-200x1ms\",\"object\":\"model\",\"created\":1,\"owned_by\":\"mock\"}]}";json(c,ml,sizeof ml-1);}}
int main(int ac,char**av){signal(SIGPIPE,SIG_IGN);int port=ac>1?atoi(av[1]):18110;int l=socket(AF_INET,SOCK_STREAM|SOCK_NONBLOCK,0),one=1;setsockopt(l,SOL_SOCKET,SO_REUSEADDR,&one,4);struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(port)};inet_pton(AF_INET,ac>2?av[2]:"127.0.0.1",&a.sin_addr);if(bind(l,(void*)&a,sizeof a)||listen(l,4096)){perror("bind");return 1;}
 ep=epoll_create1(0);struct epoll_event e={.events=EPOLLIN,.data.ptr=0};epoll_ctl(ep,EPOLL_CTL_ADD,l,&e);struct epoll_event evs[512];
 for(;;){struct timespec ts={60,0};if(hn){u64 t=now();long long d=heap[0]->due>t?heap[0]->due-t:0;ts.tv_sec=d/1000000000;ts.tv_nsec=d%1000000000;}
  int n=epoll_pwait2(ep,evs,512,&ts,0);
  for(int i=0;i<n;i++){C*c=evs[i].data.ptr;if(!c){int fd;while((fd=accept4(l,0,0,SOCK_NONBLOCK))>=0){setsockopt(fd,IPPROTO_TCP,TCP_NODELAY,&one,4);C*k=calloc(1,sizeof*k);k->fd=fd;k->hp=-1;k->cap=65536;k->in=malloc(k->cap+1);struct epoll_event q={.events=EPOLLIN,.data.ptr=k};epoll_ctl(ep,EPOLL_CTL_ADD,fd,&q);}continue;}
   if(evs[i].events&EPOLLOUT){struct epoll_event q={.events=EPOLLIN,.data.ptr=c};epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&q);fl(c);}
   if(evs[i].events&(EPOLLIN|EPOLLHUP|EPOLLERR)){if(c->n==c->cap){c->cap*=2;c->in=realloc(c->in,c->cap+1);}ssize_t k=read(c->fd,c->in+c->n,c->cap-c->n);if(k<0&&errno==EAGAIN)continue;if(k<=0)c->dead=1;else{c->n+=k;process(c);}}
   if(c->dead){hdel(c);close(c->fd);free(c->in);free(c->out);free(c);}}
  u64 t=now();while(hn&&heap[0]->due<=t){C*c=heap[0];if(c->nonstream){hdel(c);c->nonstream=0;plain(c);process(c);continue;}
   tokn(c);if(c->i>=c->N){hdel(c);endstream(c);}else{fl(c);c->due+=(u64)(c->D*1e6);if(c->dead){hdel(c);}else dn(c->hp);}}}
}
