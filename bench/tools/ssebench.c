// ssebench: N concurrent streaming (SSE / NDJSON) or plain POSTs over keep-alive HTTP/1.1, one epoll thread. Loopback only.
// cc -O2 -o ssebench ssebench.c
// usage: ssebench -p PORT [-c conns] [-n total] [-m model] [-u path] [-a bearer-token] [-H 'k: v']... [-k token-key] [-b bodyfile] [-x (non-stream)] [-V (verify tokI order)] [-t maxsec] [-w warmup-requests] [-j]
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
typedef unsigned long long u64;
static u64 now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000000ull+t.tv_nsec;}
typedef struct{u64*v;size_t n,cap;}Vec;
static void push(Vec*a,u64 x){if(a->n==a->cap){a->cap=a->cap?a->cap*2:4096;a->v=realloc(a->v,a->cap*8);}a->v[a->n++]=x;}
static int cmp(const void*a,const void*b){u64 x=*(u64*)a,y=*(u64*)b;return x<y?-1:x>y;}
static double pct(Vec*a,double p){if(!a->n)return 0;size_t i=(size_t)(p*(a->n-1)+.5);return a->v[i]/1e6;}
static double mean(Vec*a){double s=0;for(size_t i=0;i<a->n;i++)s+=a->v[i];return a->n?s/a->n/1e6:0;}
enum{HDR,SIZE,DATA,CRLF,TRAIL,LEN,EOFB};
typedef struct{int fd,st,ka,status,chunked;long long left;char*h;size_t hn;char*line;size_t ln,lcap;u64 t0,first,last;int tok,done,warm,busy;size_t woff;char szb[32];int szn;}C;
static int port,conns=64,nonstream,verify,json;static long total=640,warmup;static double maxsec=120;
static const char*model="mock-200x5ms",*path="/v1/chat/completions",*key="\"content\":\"",*host="127.0.0.1",*bearer="sk-bench";static char hdrs[8192];static char*req;static size_t reqn;
static int ep;static long started,finished,errs,misord,nodone;static u64 tokens,bytes;static Vec ttft,gap,dur;static u64 T0;
static void arm(C*c,int out){struct epoll_event e={.events=EPOLLIN|(out?EPOLLOUT:0),.data.ptr=c};if(epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e)<0)epoll_ctl(ep,EPOLL_CTL_ADD,c->fd,&e);}
static int dial(C*c){c->fd=socket(AF_INET,SOCK_STREAM|SOCK_NONBLOCK,0);int one=1;setsockopt(c->fd,IPPROTO_TCP,TCP_NODELAY,&one,4);struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(port)};inet_pton(AF_INET,host,&a.sin_addr);
 if(connect(c->fd,(void*)&a,sizeof a)<0&&errno!=EINPROGRESS){perror("connect");return -1;}return 0;}
static void flushw(C*c){while(c->woff<reqn){ssize_t k=write(c->fd,req+c->woff,reqn-c->woff);if(k<0){if(errno==EAGAIN||errno==ENOTCONN){arm(c,1);return;}return;}c->woff+=k;}arm(c,0);}
static void start(C*c){if(started>=total+warmup||(maxsec>0&&now()-T0>maxsec*1e9)){c->busy=0;return;}c->warm=started<warmup;started++;c->busy=1;c->st=HDR;c->hn=0;c->ln=0;c->tok=0;c->done=0;c->status=0;c->first=c->last=0;c->woff=0;c->szn=0;
 if(c->fd<0){if(dial(c)<0){errs++;return;}}c->t0=now();flushw(c);}
static void line(C*c,char*s,size_t n,u64 t){if(n&&s[n-1]=='\r')n--;if(!n)return;if(n>=12&&!memcmp(s,"data: [DONE]",12)){c->done=1;return;}
 if(memmem(s,n,"message_stop",12)||memmem(s,n,"response.completed",18)||memmem(s,n,"\"done\":true",11))c->done=1;
 size_t kn=strlen(key);char*q=memmem(s,n,key,kn);if(!q||q+kn>=s+n||q[kn]=='"')return;
 if(verify){char*z=memmem(q,s+n-q,"tok",3);if(!z||atoi(z+3)!=c->tok)misord++;}
 c->tok++;if(c->warm)return;tokens++;if(!c->first){c->first=t;push(&ttft,t-c->t0);}else push(&gap,t-c->last);c->last=t;}
static void body(C*c,const char*p,size_t n,u64 t){bytes+=n;if(nonstream)return;while(n){char*e=memchr(p,'\n',n);size_t k=e?(size_t)(e-p):n;if(!c->ln&&e){line(c,(char*)p,k,t);}else{if(c->ln+k>c->lcap){c->lcap=(c->ln+k)*2+256;c->line=realloc(c->line,c->lcap);}memcpy(c->line+c->ln,p,k);c->ln+=k;if(e){line(c,c->line,c->ln,t);c->ln=0;}}if(!e)break;p=e+1;n-=k+1;}}
static void finish(C*c,u64 t,int ok){finished++;if(!c->warm){if(!ok||c->status!=200)errs++;else{push(&dur,t-c->t0);if(!nonstream&&!c->done)nodone++;}}if(!ok||!c->ka){close(c->fd);c->fd=-1;}start(c);}
static int parse(C*c,char*p,size_t n,u64 t){ // returns 1 when response finished (rest ignored: no pipelining)
 while(n)switch(c->st){
 case HDR:{size_t k=n;if(c->hn+k>65000)k=65000-c->hn;size_t old=c->hn;memcpy(c->h+c->hn,p,k);c->hn+=k;c->h[c->hn]=0;char*e=strstr(c->h,"\r\n\r\n");if(!e)return 0;size_t hl=e-c->h+4;p+=hl-old;n-=hl-old;*e=0;c->status=atoi(c->h+9);c->ka=!strcasestr(c->h,"\r\nconnection: close");char*x;
  if(strcasestr(c->h,"transfer-encoding: chunked")){c->st=SIZE;c->szn=0;}else if((x=strcasestr(c->h,"\r\ncontent-length:"))){c->left=atoll(x+17);c->st=LEN;if(!c->left)return 1;}else{c->st=EOFB;c->ka=0;}break;}
 case SIZE:{char ch=*p++;n--;if(ch=='\n'){c->szb[c->szn]=0;c->left=strtoll(c->szb,0,16);c->szn=0;c->st=c->left?DATA:TRAIL;}else if(c->szn<30)c->szb[c->szn++]=ch;break;}
 case DATA:{size_t k=n<(size_t)c->left?n:(size_t)c->left;body(c,p,k,t);p+=k;n-=k;c->left-=k;if(!c->left)c->st=CRLF;break;}
 case CRLF:{char ch=*p++;n--;if(ch=='\n')c->st=SIZE;break;}
 case TRAIL:{char ch=*p++;n--;if(ch=='\n'){if(c->szn==0)return 1;c->szn=0;}else if(ch!='\r')c->szn++;break;}
 case LEN:{size_t k=n<(size_t)c->left?n:(size_t)c->left;body(c,p,k,t);p+=k;n-=k;c->left-=k;if(!c->left)return 1;break;}
 case EOFB:body(c,p,n,t);n=0;break;}
 return 0;}
int main(int ac,char**av){int o;char*bf=0;while((o=getopt(ac,av,"p:c:n:m:u:a:H:k:b:xVt:w:jh:"))>0)switch(o){case'p':port=atoi(optarg);break;case'c':conns=atoi(optarg);break;case'n':total=atol(optarg);break;case'm':model=optarg;break;case'u':path=optarg;break;case'a':bearer=optarg;break;case'H':strcat(hdrs,optarg);strcat(hdrs,"\r\n");break;case'k':key=optarg;break;case'b':bf=optarg;break;case'x':nonstream=1;break;case'V':verify=1;break;case't':maxsec=atof(optarg);break;case'w':warmup=atol(optarg);break;case'j':json=1;break;case'h':host=optarg;break;default:return 2;}
 if(strncmp(host,"127.",4)&&strncmp(host,"10.",3)){fprintf(stderr,"loopback/netns only\n");return 2;}
 char*body_;if(bf){FILE*f=fopen(bf,"r");if(!f){perror(bf);return 2;}body_=calloc(1,4<<20);if(!fread(body_,1,(4<<20)-1,f))return 2;fclose(f);}else if(asprintf(&body_,"{\"model\":\"%s\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\",\"content\":\"Say something.\"}]%s}",model,nonstream?"":",\"stream\":true,\"stream_options\":{\"include_usage\":true}")<0)return 2;
 reqn=asprintf(&req,"POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nAccept: %s\r\nAuthorization: Bearer %s\r\n%sContent-Length: %zu\r\n\r\n%s",path,host,port,nonstream?"application/json":"text/event-stream",bearer,hdrs,strlen(body_),body_);
 ep=epoll_create1(0);C*cs=calloc(conns,sizeof(C));T0=now();for(int i=0;i<conns;i++){cs[i].h=malloc(65536);cs[i].fd=-1;start(&cs[i]);}
 static char buf[262144];struct epoll_event ev[512];u64 tm=0;long target=total+warmup;u64 tstart=warmup?0:T0;
 while(finished<target){if(maxsec>0&&now()-T0>(maxsec+30)*1e9)break;int active=0;for(int i=0;i<conns&&!active;i++)active=cs[i].busy;if(!active)break;int n=epoll_wait(ep,ev,512,1000);tm=now();if(!tstart&&finished>=warmup)tstart=tm;
  for(int i=0;i<n;i++){C*c=ev[i].data.ptr;if(c->woff<reqn&&(ev[i].events&EPOLLOUT))flushw(c);if(!(ev[i].events&(EPOLLIN|EPOLLHUP|EPOLLERR)))continue;
   ssize_t k=read(c->fd,buf,sizeof buf);if(k<0&&errno==EAGAIN)continue;u64 t=now();if(k<=0){if(!c->busy){close(c->fd);c->fd=-1;continue;}finish(c,t,c->st==EOFB&&k==0);continue;}if(!c->busy)continue;if(parse(c,buf,k,t))finish(c,t,1);}}
 double el=((tm?tm:now())-(tstart?tstart:T0))/1e9;qsort(ttft.v,ttft.n,8,cmp);qsort(gap.v,gap.n,8,cmp);qsort(dur.v,dur.n,8,cmp);struct rusage ru;getrusage(RUSAGE_SELF,&ru);
 double cpu=ru.ru_utime.tv_sec+ru.ru_utime.tv_usec/1e6+ru.ru_stime.tv_sec+ru.ru_stime.tv_usec/1e6;
 printf(json?"{\"conns\":%d,\"done\":%zu,\"errors\":%ld,\"no_done\":%ld,\"misordered\":%ld,\"elapsed_s\":%.3f,\"req_s\":%.1f,\"tokens\":%llu,\"tok_s\":%.0f,\"ttft_ms\":{\"mean\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f},\"gap_ms\":{\"mean\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},\"dur_ms\":{\"mean\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f},\"MB\":%.1f,\"client_cpu_s\":%.2f}\n"
  :"conns=%d done=%zu errors=%ld no_done=%ld misordered=%ld elapsed=%.3fs req/s=%.1f tokens=%llu tok/s=%.0f\n  TTFT ms mean=%.3f p50=%.3f p90=%.3f p99=%.3f max=%.3f\n  gap  ms mean=%.3f p50=%.3f p99=%.3f max=%.3f\n  dur  ms mean=%.3f p50=%.3f p90=%.3f p99=%.3f max=%.3f\n  %.1f MB, client cpu %.2fs\n",
  conns,dur.n,errs,nodone,misord,el,dur.n/el,tokens,tokens/el,mean(&ttft),pct(&ttft,.5),pct(&ttft,.9),pct(&ttft,.99),pct(&ttft,1),mean(&gap),pct(&gap,.5),pct(&gap,.99),pct(&gap,1),mean(&dur),pct(&dur,.5),pct(&dur,.9),pct(&dur,.99),pct(&dur,1),bytes/1e6,cpu);
 return errs||misord||nodone?1:0;}
